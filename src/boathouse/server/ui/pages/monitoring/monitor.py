"""One monitor: how it stands, what can be done about it, and what it has measured."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.names import TableName
from boathouse.monitoring.alerts.service import Standing
from boathouse.monitoring.monitors.nouns import Monitor, MonitorStanding, RefreshState
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.monitoring.drift import drift_tab
from boathouse.server.ui.pages.monitoring.metrics import metrics_tab
from boathouse.server.ui.pages.monitoring.overview import kind_of, status_of, verdict_of
from boathouse.server.ui.pages.monitoring.quality import quality_tab
from boathouse.server.ui.pages.monitoring.refreshes import refreshes_tab
from boathouse.server.ui.pages.monitoring.seen import Seen
from boathouse.server.ui.pages.monitoring.settings import settings_tab
from boathouse.server.ui.parts.asking import button, confirm, done
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import tabs
from boathouse.server.ui.parts.problems import problem
from boathouse.server.ui.parts.states import badge
from boathouse.server.ui.parts.text import link, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

_TABS: dict[str, Callable[[Seen], Awaitable[None]]] = {
    "Metrics": metrics_tab,
    "Drift": drift_tab,
    "Quality": quality_tab,
    "Refreshes": refreshes_tab,
    "Settings": settings_tab,
}


async def monitor_page(visitor: Visitor, table: str) -> None:
    monitors = visitor.plane.monitors
    name = TableName.parse(table)
    standing, may_manage, alerts = await asyncio.gather(
        visitor.ask(monitors.standing, name),
        visitor.may(monitors.require_manage, name),
        visitor.ask(visitor.plane.alerting.alerts.list, subject=str(name)),
    )
    monitor = standing.monitor
    with frame(visitor, monitor.table_name, Crumb("Monitoring", addresses.MONITORING)):
        _head(visitor, standing, alerts, may_manage=may_manage)
        if monitor.failure:
            _failure(monitor)
        names = [each for each in _TABS if each != "Quality" or monitor.settings.inference_log is not None]
        shown = tabs(visitor, names)
        seen = Seen(visitor, standing, tuple(alerts), may_manage=may_manage)
        later(lambda: _TABS[shown](seen))


def _head(visitor: Visitor, standing: MonitorStanding, alerts: Sequence[Standing], *, may_manage: bool) -> None:
    monitor, latest = standing.monitor, standing.latest
    status, verdict = status_of(monitor), verdict_of(monitor.table_name, alerts)
    with ui.element("div").classes("bh-row bh-head"):
        badge(status.text, status.tone)
        shown = badge(verdict.text, verdict.tone)
        if verdict.address:
            link("which alert", verdict.address)
            shown.props["title"] = "The worst alert on this table"
        words(f"{kind_of(monitor)}; owner {monitor.owner}", style="bh-note")
        if latest is not None:
            words("refreshed", style="bh-note")
            when(from_epoch_ms(latest.ended_at or latest.started_at), ago=True)
            if not latest.state.is_final or latest.state is not RefreshState.SUCCESS:
                badge(latest.state.value)
        link("The table itself", addresses.table(monitor.table_name))
    if may_manage:
        _buttons(visitor, monitor)


def _buttons(visitor: Visitor, monitor: Monitor) -> None:
    monitors, table = visitor.plane.monitors, monitor.table
    schedule = monitor.settings.schedule

    async def refresh() -> None:
        asked = await visitor.ask(monitors.refreshes.ask, table)
        done(f"Refresh {asked.refresh_id} is asked for.")
        go_to(addresses.with_query(visitor.path, tab="Refreshes"))

    async def pause() -> None:
        assert schedule is not None
        question = "Let the schedule go on?" if schedule.is_paused else "Pause the schedule?"
        told = "Refreshes begin by themselves again." if schedule.is_paused else (
            "No refresh begins by itself until it is resumed; alerts then judge nothing new."
        )  # fmt: skip
        yes = "Resume" if schedule.is_paused else "Pause"
        if await confirm(question, what_happens=told, yes=yes):
            await visitor.ask(monitors.pause, table, paused=not schedule.is_paused)
            go_to(addresses.with_query(visitor.path, **visitor.query))

    with ui.element("div").classes("bh-row bh-head"):
        if monitor.job_id is not None:
            button("Refresh now", refresh, style="bh-primary")
        if schedule is not None:
            button("Resume the schedule" if schedule.is_paused else "Pause the schedule", pause)


def _failure(monitor: Monitor) -> None:
    problem(BoathouseError(monitor.failure or ""))
