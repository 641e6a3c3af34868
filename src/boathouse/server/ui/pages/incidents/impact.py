"""What an incident touched downstream, in figures, and who has to know."""

from collections.abc import Iterator

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.impact.touched import Answers, Impact, Stretch, Touched
from boathouse.monitoring.incidents.nouns import Incident
from boathouse.monitoring.incidents.service import Story
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.layout import figure, fold, row
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.parts.text import facts, note
from boathouse.server.ui.visitor import Visitor

_NOUNS = {
    "table": "tables",
    "online_table": "online tables",
    "model_version": "model versions",
    "endpoint": "endpoints",
    "function": "functions",
    "volume": "volumes",
}


async def impact_section(visitor: Visitor, story: Story) -> None:
    found = story.incident
    if not found.is_table:
        note("It is about no table, so lineage does not tell what lives on it.")
        return
    name, stretch = asked_of(story)
    impact = await visitor.ask(visitor.plane.impacts.of, name, stretch)
    with row():
        figure(f"{impact.predictions:,}", "predictions")
        for kind, count in counts(impact).items():
            figure(count, _NOUNS[kind])
        figure(len(impact.owners), "owners")
    note(f"What lives on {name}, directly or by steps between.")
    if impact.answers:
        grid(
            ["Answered by", "Predictions", "Requests", "At"],
            [_answer_row(each) for each in impact.answers],
            label="Predictions that it touched",
        )
    if impact.owners:
        with fold("Who has to know"):
            facts({owner: _things(things) for owner, things in sorted(impact.owners.items())})
    with fold("Everything that is known to live on it"):
        _all(impact)


def _answer_row(answers: Answers) -> list[object]:
    if answers.problem is not None:
        return [f"could not be counted: {answers.problem}", None, None, answers.endpoint]
    who: object = f"{answers.model} version {answers.version}"
    if answers.version is not None:
        who = Linked(who, addresses.model_version(answers.model, answers.version))
    return [who, answers.predictions, answers.requests, Linked(answers.endpoint, addresses.endpoint(answers.endpoint))]


def asked_of(story: Story) -> tuple[str, Stretch]:
    """The column that an alert saw, else the table; since the first wrong window, as the review asks."""
    incident: Incident = story.incident
    columns = [each.series.get("column") for each in story.firings]
    column = next((each for each in columns if each not in (None, ":table")), None)
    since = incident.window[0] if incident.window is not None else incident.opened_at
    name = incident.subject if column is None else f"{incident.subject}.{column}"
    return name, Stretch(since, incident.closed_at if (incident.closed_at or since + 1) > since else None)


def counts(impact: Impact) -> dict[str, int]:
    """How many things of each kind, each once."""
    found: dict[str, set[tuple[str, int | None]]] = {}
    for each in impact.touched:
        if each.kind in _NOUNS:
            found.setdefault(each.kind, set()).add((each.name, each.version))
    return {kind: len(found[kind]) for kind in _NOUNS if kind in found}


def _things(things: list[str]) -> str:
    more = f" and {len(things) - 6} more" if len(things) > 6 else ""
    return ", ".join(things[:6]) + more


def _all(impact: Impact) -> None:
    grid(
        ["What", "Kind", "Steps away", "Made of it", "Last", "Owner"],
        [_row(each) for each in _once(impact)],
        label="What lives on it",
        nothing="Nothing downstream is known.",
        per_page=15,
    )
    if impact.hidden:
        note(f"And {impact.hidden} things that you may not know of.")
    if impact.is_cut:
        note("There is more than lineage follows at once.")


def _once(impact: Impact) -> Iterator[Touched]:
    """Without runs, and each thing once: its nearest column stands for it."""
    seen: set[tuple[str, str, int | None]] = set()
    for each in impact.touched:
        key = (each.kind, each.name, each.version)
        if each.kind in _NOUNS and key not in seen:
            seen.add(key)
            yield each


def _row(touched: Touched) -> list[object]:
    name = f"{touched.name}.{touched.column}" if touched.column else touched.name
    if touched.kind == "model_version" and touched.version is not None:
        what: object = Linked(f"{touched.name} version {touched.version}",
                              addresses.model_version(touched.name, touched.version))  # fmt: skip
    else:
        address = addresses.securable(touched.kind, touched.name)
        what = Linked(name, address) if address else name
    return [
        what,
        touched.kind.replace("_", " "),
        touched.hops,
        State("since it broke", Tone.DOUBTFUL) if touched.is_made_since else "before",
        from_epoch_ms(touched.last_at),
        touched.owner,
    ]
