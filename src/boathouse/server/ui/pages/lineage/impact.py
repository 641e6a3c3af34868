"""What a change of something would touch, and who has to be told: as ``boathouse impact`` tells it."""

from collections import Counter

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.impact.touched import Impact, Touched
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.lineage.walks import View
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.figures import counted
from boathouse.server.ui.parts.grid import Ago, Linked, grid
from boathouse.server.ui.parts.layout import card, figure, row
from boathouse.server.ui.parts.text import heading, note
from boathouse.server.ui.visitor import Visitor

_MOST_SHOWN = 500


async def impact_card(visitor: Visitor, name: str) -> None:
    """All that lives on a thing, however far."""
    found = await visitor.ask(visitor.plane.impacts.of, name)
    with card("Impact of a change"):
        if not found.touched:
            empty("Nothing that you may know of lives on it.")
            return
        _counts(found)
        _owners(found)
        heading("What is touched", 3)
        grid(
            ["Name", "Kind", "Steps away", "How", "Owner", "Last made of it"],
            [_row(each) for each in found.touched[:_MOST_SHOWN]],
            label="What is touched",
        )
        if found.hidden:
            note(f"And {counted(found.hidden, 'thing')} that you may not know of.")


def _counts(found: Impact) -> None:
    kinds = Counter(each.kind for each in found.touched)
    with row():
        for kind, count in kinds.most_common():
            figure(f"{count:,}", f"{kind.replace('_', ' ')}{'' if count == 1 else 's'}")
        if found.answers:
            figure(f"{found.predictions:,}", "predictions made of it")
    for each in found.answers:
        if each.problem is not None:
            note(f"Predictions of {each.endpoint} could not be counted: {each.problem}")


def _owners(found: Impact) -> None:
    heading("Who has to be told", 3)
    grid(
        ["Owner", "Has", "Among them"],
        [
            [Linked(owner, addresses.principal(owner)), len(things), ", ".join(things[:3])]
            for owner, things in sorted(found.owners.items(), key=lambda each: -len(each[1]))
        ],
        label="Owners of what is touched",
        nothing="Nobody owns what is touched.",
    )


def _row(each: Touched) -> list[object]:
    version = "" if each.version is None else f"@{each.version}"
    column = "" if each.column is None else f".{each.column}"
    name = f"{each.name}{column}{version}"
    return [
        Linked(name, View(name, each.kind).address),
        each.kind.replace("_", " "),
        each.hops,
        {"direct": "values", "indirect": "only decides", "whole": "rows"}.get(each.influence, each.influence),
        each.owner,
        Ago(from_epoch_ms(each.last_at)),
    ]
