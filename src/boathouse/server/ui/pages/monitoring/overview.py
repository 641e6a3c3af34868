"""All monitors, the contracts of tables, and how the platform's own parts are."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.alerts.service import Standing
from boathouse.monitoring.monitors.nouns import Monitor, MonitorStanding
from boathouse.quality.contracts.repository import Revision
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.monitoring.windows import day_cell
from boathouse.server.ui.parts.grid import Ago, Linked, State, grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, figure, row
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.parts.text import note
from boathouse.server.ui.visitor import Visitor

_MEBIBYTE = 1 << 20


async def monitoring_page(visitor: Visitor) -> None:
    plane = visitor.plane
    with frame(visitor, "Monitoring"):
        standings, alerts, contracts = await asyncio.gather(
            visitor.ask(plane.monitors.standings),
            visitor.ask(plane.alerting.alerts.list),
            visitor.ask(plane.contracts.list),
        )
        firing = [each for each in alerts if each.open]
        with card(), row():
            figure(len(standings), "monitored tables")
            figure(sum(1 for each in standings if each.monitor.failure), "monitors that wait or fail")
            figure(len(firing), "alerts that fire", address=addresses.ALERTS)
            figure(sum(1 for *_, broken in contracts if broken), "broken contracts")
        with card("Monitors"):
            _monitors(standings, alerts)
        with card("Contracts"):
            _contracts(contracts)
        with card("The platform itself"):
            later(lambda: _parts(visitor))


def _monitors(standings: Sequence[MonitorStanding], alerts: Sequence[Standing]) -> None:
    grid(
        ["Table", "Watches", "Monitor", "Verdict", "Last refresh", "Refreshed", "Data up to", "Owner"],
        [_monitor_row(each, verdict_of(each.monitor.table_name, alerts)) for each in standings],
        label="Monitors",
        nothing="No table that you may read is monitored.",
        next_step="boathouse monitor put TABLE --file monitor.yml",
    )


def _monitor_row(standing: MonitorStanding, verdict: State) -> list[object]:
    monitor, latest = standing.monitor, standing.latest
    return [
        Linked(monitor.table_name, addresses.monitor(monitor.table_name)),
        kind_of(monitor),
        status_of(monitor),
        verdict,
        State(latest.state.value) if latest is not None else None,
        Ago(from_epoch_ms(latest.ended_at or latest.started_at)) if latest is not None else None,
        day_cell(standing.newest) if standing.newest is not None else None,
        monitor.owner,
    ]


def kind_of(monitor: Monitor) -> str:
    """How a table is watched."""
    settings = monitor.settings
    if settings.snapshot is not None:
        return "snapshots"
    windows = ", ".join(settings.granularities)
    return f"{'answers of a model' if settings.inference_log else 'time series'}, {windows}"


def status_of(monitor: Monitor) -> State:
    """Whether it works."""
    word = {"ACTIVE": "active", "PENDING": "pending", "ERROR": "failed"}[monitor.status.name]
    return State(word)


def verdict_of(table: str, alerts: Sequence[Standing]) -> State:
    """The worst that an alert says of a table; the address leads to it."""
    mine = [each for each in alerts if each.alert.rule.subject.lower() == table.lower()]
    if not mine:
        return State("no alert", Tone.QUIET)
    worst = max(mine, key=lambda each: (bool(each.open), each.alert.rule.severity.rank))
    address = addresses.alert(worst.alert.name)
    if worst.open:
        return State(f"{worst.alert.rule.severity} fires", tone_of_severity(worst.alert.rule.severity), address)
    if any(each.state == "FINE" for each in mine):
        return State("fine", Tone.GOOD)
    return State(worst.state, None, address)


def tone_of_severity(severity: str) -> Tone:
    """A critical alert is bad, a warning doubtful."""
    return {"critical": Tone.BAD, "warning": Tone.DOUBTFUL}.get(str(severity), Tone.QUIET)


def _contracts(contracts: Sequence[tuple[str, Revision, frozenset[str]]]) -> None:
    grid(
        ["Table", "Contract", "Version", "State", "Broken rules", "Owner", "In force since"],
        [
            [
                Linked(table, addresses.with_query(addresses.table(table), tab="Contract")),
                revision.contract_id,
                revision.version,
                State("broken" if broken else "kept"),
                ", ".join(sorted(broken)) or None,
                revision.owner,
                from_epoch_ms(revision.valid_from),
            ]
            for table, revision, broken in contracts
        ],
        label="Contracts",
        nothing="No table that you may see has a contract.",
        next_step="boathouse contract infer TABLE",
    )


async def _parts(visitor: Visitor) -> None:
    found = await visitor.ask(visitor.plane.system_figures.figures.parts_now)
    grid(
        ["Part", "Kind", "State", "Answers in (ms)", "Memory (MiB)", "Waiting", "Looked at", "Message"],
        [_part_row(each) for each in found],
        label="Parts of the platform",
        nothing="The platform has not looked at its own parts yet; it does so each minute.",
    )
    note("Over time: SELECT * FROM system.monitoring.component_metrics; for Prometheus: /metrics.")


def _part_row(part: Mapping[str, Any]) -> list[object]:
    memory = part["memory_bytes"]
    return [
        part["component"],
        str(part["kind"]).replace("_", " "),
        State("healthy" if part["is_healthy"] else "failed"),
        part["answer_ms"],
        None if memory is None else round(memory / _MEBIBYTE),
        part["waiting"],
        Ago(part["window_end"]),
        part["message"],
    ]
