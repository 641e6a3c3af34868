"""What fires now, the worst first; the rules; what fired lately; who wants not to be told."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.alerts.nouns import Alert, Firing, Silence
from boathouse.monitoring.alerts.rules import Severity
from boathouse.monitoring.alerts.service import Standing
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.monitoring.overview import tone_of_severity
from boathouse.server.ui.pages.monitoring.windows import day_cell, window_cell
from boathouse.server.ui.parts.asking import ask_reason, done
from boathouse.server.ui.parts.choosing import Choice, chooser
from boathouse.server.ui.parts.grid import Ago, Linked, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.problems import told
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.visitor import Visitor

_LATELY = 50
_ANY = ""


async def alerts_page(visitor: Visitor) -> None:
    alerts = visitor.plane.alerting.alerts
    with frame(visitor, "Alerts"):
        standings, firings, silences = await asyncio.gather(
            visitor.ask(alerts.list), visitor.ask(alerts.firings, limit=_LATELY), visitor.ask(alerts.silences)
        )
        _filters(visitor, standings)
        shown = filtered(standings, visitor.query)
        _open([each for each in shown if each.open])
        with card("Rules"):
            _rules([each for each in shown if not each.open])
        with card("What fired lately"):
            known = {each.alert.alert_id for each in shown}
            _lately([each for each in firings if each[0].alert_id in known or not visitor.query])
        if silences:
            with card("Silences"):
                _silences(visitor, silences)


def _filters(visitor: Visitor, standings: Sequence[Standing]) -> None:
    def options(values: Iterable[str], every: str) -> dict[str, str]:
        return {_ANY: every} | {each: each for each in sorted(set(values))}

    said = visitor.query.get
    subjects = options((each.alert.rule.subject for each in standings), "anything")
    fields = {
        "state": Choice("State", options((each.state.lower() for each in standings), "any state"), said("state", "")),
        "severity": Choice(
            "Severity", options((each.alert.rule.severity.value for each in standings), "any severity"),
            said("severity", ""),
        ),
        "owner": Choice("Owner", options((each.alert.owner for each in standings), "any owner"), said("owner", "")),
        "about": Choice("About", subjects, said("about", "")),
    }  # fmt: skip
    chooser(visitor, fields, label="Which alerts are shown")


def filtered(standings: Sequence[Standing], query: Mapping[str, str]) -> list[Standing]:
    """Those that the address asks for, the worst first; among equals the one that fires longest."""
    wanted = {name: query.get(name, "") for name in ("state", "severity", "owner", "about")}
    found = [
        each
        for each in standings
        if wanted["state"] in (_ANY, each.state.lower())
        and wanted["severity"] in (_ANY, each.alert.rule.severity.value)
        and wanted["owner"] in (_ANY, each.alert.owner)
        and wanted["about"] in (_ANY, each.alert.rule.subject)
    ]
    return sorted(found, key=lambda each: (-worst(each).rank, since(each) or 0, each.alert.name))


def worst(standing: Standing) -> Severity:
    """Of what fires, else of the rule."""
    return max((each.severity for each in standing.open), key=lambda each: each.rank,
               default=standing.alert.rule.severity)  # fmt: skip


def since(standing: Standing) -> int | None:
    """Since when it fires."""
    return min((each.fired_at for each in standing.open), default=None)


def _open(standings: Sequence[Standing]) -> None:
    groups: dict[str, list[Standing]] = {}
    for each in standings:
        groups.setdefault(each.alert.rule.subject, []).append(each)
    if not groups:
        with card("Fires now"):
            grid([], [], label="Fires now", nothing="Nothing fires.")
    for subject, mine in groups.items():
        with card(f"Fires now: {subject}"):
            grid(
                ["Alert", "Severity", "What", "Since", "Owner", "Answered", "Incident"],
                [_firing_row(each) for each in mine],
                label=f"Fires now about {subject}",
            )


def _firing_row(standing: Standing) -> list[object]:
    first = standing.open[0]
    of = f"{first.series.text}: " if first.series.text else ""
    more = f" (and {len(standing.open) - 1} more)" if len(standing.open) > 1 else ""
    begun = since(standing)
    severity = worst(standing)
    return [
        Linked(standing.alert.name, addresses.alert(standing.alert.name)),
        State(severity.value, tone_of_severity(severity)),
        f"{of}{first.why}{more}",
        Ago(from_epoch_ms(begun)) if begun is not None else None,
        standing.alert.owner,
        answered(standing),
        incident_of(standing.open),
    ]


def answered(standing: Standing) -> object:
    """Who sees to it, or why nobody is told."""
    by = [each.acknowledged_by for each in standing.open if each.acknowledged_by]
    if by:
        return State(f"acknowledged by {by[0]}", Tone.DOUBTFUL)
    if standing.silence is not None:
        return State("silenced", Tone.DOUBTFUL)
    return State("nobody yet", Tone.BAD)


def incident_of(firings: Sequence[Firing]) -> object:
    number = next((each.incident for each in firings if each.incident is not None), None)
    return None if number is None else Linked(f"Incident {number}", addresses.incident(str(number)))


def _rules(standings: Sequence[Standing]) -> None:
    grid(
        ["Alert", "State", "Severity", "About", "Metric", "Owner", "Looked", "Data up to"],
        [
            [
                Linked(each.alert.name, addresses.alert(each.alert.name)),
                State("silenced") if each.silence is not None else State(each.state),
                each.alert.rule.severity.value,
                each.alert.rule.subject,
                each.alert.rule.metric or ("new data" if each.alert.rule.missing else "events"),
                each.alert.owner,
                Ago(from_epoch_ms(each.seen.looked_at)) if each.seen.looked_at is not None else None,
                day_cell(each.seen.newest) if each.seen.newest is not None else None,
            ]
            for each in standings
        ],
        label="Rules that do not fire",
        nothing="There is no rule that you may see, apart from what fires.",
        next_step="boathouse alert put NAME --rule rule.yml",
    )


def _lately(firings: Sequence[tuple[Alert, Firing]]) -> None:
    grid(
        ["Alert", "Of", "State", "Why", "Wrong windows", "Fired", "Fine again", "Incident"],
        [
            [Linked(alert.name, addresses.alert(alert.name)), firing.series.text or None, *firing_cells(firing)]
            for alert, firing in firings
        ],
        label="What fired lately",
        nothing="Nothing has fired yet.",
        per_page=10,
    )


def firing_cells(firing: Firing) -> list[object]:
    """State, why, the wrong windows, when it fired and when it was fine again, and the incident."""
    return [
        State("fires", Tone.BAD) if firing.is_open else State("fine again", Tone.GOOD),
        firing.why,
        window_cell(firing.began, firing.window_end),
        from_epoch_ms(firing.fired_at),
        from_epoch_ms(firing.resolved_at) if firing.resolved_at is not None else None,
        incident_of([firing]),
    ]


def _silences(visitor: Visitor, silences: Sequence[Silence]) -> None:
    async def end(row: int) -> None:
        with told():
            if await ask_reason("End this silence?", what_happens="What still fires is told now.", yes="End it"):
                await visitor.ask(visitor.plane.alerting.alerts.end_silence, silences[row].silence_id)
                done("The silence has ended.")

    mine = [place for place, each in enumerate(silences)
            if visitor.principal.is_admin or each.by == visitor.principal.name]  # fmt: skip
    grid(
        ["Alerts", "Until", "By", "Why"],
        [[each.pattern, from_epoch_ms(each.until), each.by, each.why] for each in silences],
        label="Silences",
        on_choose=end if mine else None,
        choose="End",
        choosable=mine,
    )
