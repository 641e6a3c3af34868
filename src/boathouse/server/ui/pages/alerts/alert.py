"""One alert: what it says, how it stands, what it judged, who was told, and what can be done about it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.alerts.nouns import Alert, Firing
from boathouse.monitoring.alerts.repository import document_of
from boathouse.monitoring.alerts.service import Standing
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.alerts.answering import buttons
from boathouse.server.ui.pages.alerts.overview import answered, firing_cells
from boathouse.server.ui.pages.alerts.plotted import plotted
from boathouse.server.ui.pages.alerts.wording import rule_in_words
from boathouse.server.ui.pages.monitoring.overview import tone_of_severity
from boathouse.server.ui.pages.monitoring.windows import told_instant
from boathouse.server.ui.parts.grid import State, grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, fold
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import facts, link, preformatted, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

_FIRINGS = 100


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that the page shows at once."""

    standing: Standing
    firings: Sequence[Firing]
    revisions: Sequence[Alert]
    may_manage: bool


async def alert_page(visitor: Visitor, alert: str) -> None:
    alerts = visitor.plane.alerting.alerts
    standing, firings, revisions, may_manage = await asyncio.gather(
        visitor.ask(alerts.standing, alert),
        visitor.ask(alerts.firings, alert, limit=_FIRINGS),
        visitor.ask(alerts.revisions, alert),
        visitor.may(alerts.require_manage, alert),
    )
    told = Told(standing, [firing for _, firing in firings], revisions, may_manage)
    with frame(visitor, standing.alert.name, Crumb("Alerts", addresses.ALERTS)):
        _head(visitor, told)
        if standing.open:
            with card("Fires now"):
                _firings(standing.open, "Fires now")
        if standing.alert.rule.metric is not None:
            with card(f"{standing.alert.rule.metric} over time"):
                later(lambda: plotted(visitor, alert, standing.alert.rule, standing.open or told.firings[:1]))
        if may_manage:
            with card("Deliveries"):
                later(lambda: _deliveries(visitor, standing))
        with card("What fired before"):
            _firings([each for each in told.firings if not each.is_open], "What fired before")
        with card("The rule in time"):
            _history(told.revisions)


def _head(visitor: Visitor, told: Told) -> None:
    standing, rule = told.standing, told.standing.alert.rule
    with card():
        with ui.element("div").classes("bh-row"):
            badge(standing.state)
            badge(rule.severity.value, tone_of_severity(rule.severity) if standing.open else Tone.QUIET)
            if standing.open:
                waiting = answered(standing)
                assert isinstance(waiting, State)
                badge(waiting.text, waiting.tone)
        if rule.description:
            words(rule.description, "p")
        words(rule_in_words(rule), "p", style="bh-lead")
        facts(_facts(standing))
        if told.may_manage:
            buttons(visitor, standing)


def _facts(standing: Standing) -> dict[str, object]:
    alert, rule, seen = standing.alert, standing.alert.rule, standing.seen
    numbers = sorted({each.incident for each in standing.open if each.incident is not None})
    silence = standing.silence
    return {
        "owner": lambda: link(alert.owner, addresses.principal(alert.owner)),
        "about": lambda: link(rule.table, addresses.monitor(rule.table)) if rule.table else words(rule.subject),
        "incident": (lambda: [link(f"Incident {each}", addresses.incident(str(each))) for each in numbers])
        if numbers
        else None,
        "runbook": _runbook(rule.runbook),
        "looked": (lambda: when(from_epoch_ms(seen.looked_at or 0), ago=True)) if seen.looked_at is not None else None,
        "data up to": (lambda: told_instant(seen.newest or 0)) if seen.newest is not None else None,
        "cannot be judged": seen.problem,
        "silenced": f"by {silence.by}: {silence.why}" if silence is not None else None,
        "silenced until": (lambda: when(from_epoch_ms(silence.until))) if silence is not None else None,
        "looks with the rights of": alert.principal,
        "deployed by": alert.origin,
    }


def _runbook(runbook: str | None) -> object:
    """A link only where it leads to the web; anything else is text."""
    if runbook is None:
        return "none is named"
    if not runbook.startswith(("https://", "http://")):
        return runbook
    return lambda: link(runbook, runbook).props("rel=noreferrer")


def _firings(firings: Sequence[Firing], label: str) -> None:
    """What people and time said of each stands in columns of its own only where there is any."""
    more = {
        "Acknowledged": [_acknowledged(each) for each in firings],
        "How it ended": [_ended(each) for each in firings],
    }
    told = {name: cells for name, cells in more.items() if any(cells)}
    grid(
        ["Of", "State", "Why", "Wrong windows", "Fired", "Fine again", "Incident", *told],
        [
            [each.series.text or "all", *firing_cells(each), *(cells[place] for cells in told.values())]
            for place, each in enumerate(firings)
        ],
        label=label,
        nothing="It has not fired before.",
        per_page=10,
    )


def _acknowledged(firing: Firing) -> str | None:
    return None if firing.acknowledged_by is None else f"{firing.acknowledged_by}: {firing.acknowledgement or ''}"


def _ended(firing: Firing) -> str | None:
    """What somebody said; that a window was fine again says the state."""
    return f"{firing.resolved_by}: {firing.resolution}" if firing.resolved_by else None


async def _deliveries(visitor: Visitor, standing: Standing) -> None:
    found = await visitor.ask(visitor.plane.alerting.alerts.deliveries, standing.alert.name)
    nothing = "Nobody was told yet." if standing.alert.rule.told else "The rule names nobody who is told."
    grid(
        ["Sent", "What", "To", "State", "Attempts", "Problem"],
        [
            [from_epoch_ms(each.created_at), each.event_type, each.destination, State(each.state.value),
             each.attempts, each.error]
            for each in found
        ],
        label="Deliveries",
        nothing=nothing,
        next_step=None if standing.alert.rule.told else "Say tell: [NAME] in the rule; boathouse notifications list",
        per_page=10,
    )  # fmt: skip


def _history(revisions: Sequence[Alert]) -> None:
    grid(
        ["Revision", "From", "To", "Put by", "Deployed by", "It said"],
        [
            [
                str(each.revision),
                from_epoch_ms(each.valid_from),
                from_epoch_ms(each.valid_to) if each.valid_to is not None else State("in force"),
                each.principal,
                each.origin,
                rule_in_words(each.rule),
            ]
            for each in revisions
        ],
        label="The rule in time",
        per_page=10,
    )
    with fold("The rule in force, as it was written"):
        preformatted(_yaml(revisions[0]))


def _yaml(alert: Alert) -> str:
    import yaml

    return yaml.safe_dump(document_of(alert.rule), sort_keys=False, allow_unicode=True)
