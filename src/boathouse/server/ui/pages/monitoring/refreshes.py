"""The refreshes of a monitor as they go on: each is a run of its job."""

from collections.abc import Sequence

from nicegui import ui

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.monitors.nouns import Refresh
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.monitoring.seen import Seen
from boathouse.server.ui.parts.grid import Grid, Linked, State, grid
from boathouse.server.ui.parts.later import every
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.text import link, words
from boathouse.server.ui.parts.times import in_words

LOOK_SECONDS = 2.0
_COLUMNS = ("Refresh", "State", "Began", "Took", "Asked for by", "Why", "Windows", "Run", "Message")


async def refreshes_tab(seen: Seen) -> None:
    visitor, monitor = seen.visitor, seen.monitor
    verb = visitor.plane.monitors.refreshes.list
    found = await visitor.ask(verb, monitor.table)
    with card("Refreshes"):
        if monitor.job_id is not None:
            with ui.element("p").classes("bh-note"):
                words("Each is a run of ")
                link(f"the monitor's job {monitor.job_id}", addresses.job(monitor.job_id))
                words(".")
        shown = grid(
            _COLUMNS,
            _rows(found),
            label="Refreshes",
            nothing="It has never been refreshed.",
            next_step=f"boathouse monitor refresh {monitor.table_name}",
        )
    if not isinstance(shown, Grid):
        return

    async def look() -> None:
        newest = await visitor.ask(verb, monitor.table)
        shown.show(_rows(newest))
        if all(each.state.is_final for each in newest):
            timer.interval = 5 * LOOK_SECONDS

    is_over = all(each.state.is_final for each in found)
    timer = every(5 * LOOK_SECONDS if is_over else LOOK_SECONDS, look, immediate=False)


def _rows(found: Sequence[Refresh]) -> list[list[object]]:
    return [
        [
            str(each.refresh_id),
            State(each.state.value),
            from_epoch_ms(each.started_at),
            in_words(each.ended_at - each.started_at) if each.ended_at is not None else None,
            each.requested_by,
            _why(each),
            each.result.get("windows"),
            Linked(str(each.run_id), addresses.run(each.run_id)) if each.run_id is not None else None,
            each.message,
        ]
        for each in found
    ]


def _why(refresh: Refresh) -> str:
    if refresh.is_full:
        return "everything anew"
    if refresh.backfill is not None:
        start, end = (from_epoch_ms(each) for each in (refresh.backfill.start, refresh.backfill.end))
        return f"backfill {start:%Y-%m-%d} to {end:%Y-%m-%d}"
    return {"MANUAL": "by hand", "SCHEDULE": "schedule", "DATA_CHANGE": "new version of the table"}[refresh.trigger]
