"""What several pages of models say in the same way."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from nicegui import ui

from boathouse.foundation.clock import from_epoch_ms
from boathouse.models.promotion.nouns import Standing
from boathouse.monitoring.production.models import ServedAt
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.layout import row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import link, words
from boathouse.server.ui.parts.times import when

Json = Mapping[str, Any]

STANDINGS = {
    Standing.MAY_BE_PROMOTED: ("may be promoted", Tone.GOOD),
    Standing.AWAITS_APPROVAL: ("awaits approval", Tone.WAITING),
    Standing.REFUSED: ("is refused", Tone.BAD),
    Standing.BLOCKED: ("is blocked by its gates", Tone.BAD),
    Standing.NOT_EVALUATED: ("has not been evaluated", Tone.DOUBTFUL),
}
"""As the command line says them."""
VERDICTS = ("failed", "inconclusive", "waived", "passed")
"""Worst first."""


def at(milliseconds: int) -> datetime:
    return from_epoch_ms(milliseconds)


def number(value: float | None) -> str:
    return "" if value is None else f"{value + 0.0:,.5g}"  # no minus before a nought


def version_link(model: str, version: int | None) -> None:
    """A link to a version; a version that there is not is said."""
    if version is None:
        words("nothing")
    else:
        link(f"version {version}", addresses.model_version(model, version))


def gates_summary(verdicts: Iterable[str]) -> str:
    """``23 passed, 1 waived``, the worst first."""
    counts = Counter(verdicts)
    told = [f"{counts[each]} {each}" for each in VERDICTS if counts[each]]
    return ", ".join(told) or "none was asked"


def gates_tone(verdicts: Iterable[str]) -> Tone:
    """The colour of the worst verdict."""
    found = set(verdicts)
    if "failed" in found:
        return Tone.BAD
    return Tone.DOUBTFUL if found & {"inconclusive", "waived"} else Tone.GOOD if found else Tone.QUIET


def gates_badge(evidence: Sequence[Json], address: str) -> None:
    """How many gates said what; leads to the evidence."""
    verdicts = worst_by_gate((each["gate"], each["verdict"]) for each in evidence)
    with row():
        badge(gates_summary(verdicts.values()), gates_tone(verdicts.values()))
        link("Each gate with its evidence", address)


def worst_by_gate(told: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The worst verdict of each gate: one failed rule fails it."""
    found: dict[str, str] = {}
    for gate, verdict in told:
        before = found.get(gate, VERDICTS[-1])
        found[gate] = min(before, verdict, key=lambda each: VERDICTS.index(each) if each in VERDICTS else 0)
    return found


def moment(milliseconds: int | None) -> None:
    """An instant, and how long ago that was."""
    with ui.element("span"):
        when(milliseconds)
        if milliseconds is not None:
            words(" · ", style="bh-note")
            when(milliseconds, ago=True)


def shares_text(served: ServedAt) -> str:
    """``version 4: 75 %, version 5: 25 % (canary)``."""
    told = [
        f"version {share.version}: {share.percent:g} %{'' if share.role == 'primary' else f' ({share.role})'}"
        for share in served.shares
    ]
    return ", ".join(told) or "nothing answers yet"


def endpoint_state(served: ServedAt) -> None:
    """Whether an endpoint answers, and by which versions."""
    with row():
        link(served.endpoint, addresses.endpoint(served.endpoint))
        badge(served.ready)
        if served.update == "IN_PROGRESS":
            badge("UPDATING")
        if served.update == "UPDATE_FAILED":
            badge(served.update)
        words(shares_text(served))
