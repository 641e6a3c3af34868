"""What was touched, in lines for people and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from boathouse.catalog import NodeKind
from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.impact.touched import Impact

MOST_LINES = 50


def impact_json(impact: Impact) -> dict[str, Any]:
    return {
        "asked": impact.asked,
        "from": impact.stretch.start,
        "to": impact.stretch.end,
        "touched": [asdict(each) for each in impact.touched],
        "answers": [asdict(each) for each in impact.answers],
        "predictions": impact.predictions,
        "owners": impact.owners,
        "hidden": impact.hidden,
        "is_cut": impact.is_cut,
    }


def impact_lines(impact: Impact) -> list[str]:
    """The whole in lines: predictions first, then what was touched, then who has to know."""
    return [*_answers(impact), *_things(impact), *_owners(impact)]


def _answers(impact: Impact) -> Iterator[str]:
    for each in impact.answers:
        if each.problem is not None:
            yield f"Predictions of {each.endpoint} could not be counted: {each.problem}"
        else:
            yield (
                f"{each.predictions:,} predictions in {each.requests:,} requests to {each.endpoint}, by version "
                f"{each.version} of {each.model}"
            )


def _things(impact: Impact) -> Iterator[str]:
    shown = [each for each in impact.touched if each.kind != NodeKind.RUN.value]
    for each in shown[:MOST_LINES]:
        version = f"@{each.version}" if each.version is not None else ""
        column = f".{each.column}" if each.column is not None else ""
        since = "made of it since" if each.is_made_since else "made of it before"
        when = from_epoch_ms(each.last_at).strftime("%Y-%m-%d %H:%M")
        owner = f", owner {each.owner}" if each.owner else ""
        yield f"{each.kind.replace('_', ' ')} {each.name}{version}{column}: {since}, last {when}{owner}"
    if len(shown) > MOST_LINES:
        yield f"... and {len(shown) - MOST_LINES} more"
    if impact.hidden:
        yield f"... and {impact.hidden} that you may not know of"


def _owners(impact: Impact) -> Iterator[str]:
    for owner, things in sorted(impact.owners.items()):
        more = f" and {len(things) - 3} more" if len(things) > 3 else ""
        yield f"To be told: {owner} ({', '.join(things[:3])}{more})"
