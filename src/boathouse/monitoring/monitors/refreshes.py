"""The verbs on refreshes. What a refresh computes is computed elsewhere, by a job of the monitor's own, which says here
that it begins and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from boathouse.catalog import Catalog, Privilege
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Conflict, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.monitoring.monitors import repository as rows
from boathouse.monitoring.monitors.access import MonitorAccess, MonitorNotFound
from boathouse.monitoring.monitors.jobs import RefreshJobs
from boathouse.monitoring.monitors.nouns import Monitor, Progress, Refresh, RefreshState, RefreshTrigger, Span
from boathouse.monitoring.monitors.work import Work

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_SHOWN = 25


class Refreshes:
    """Every verb takes the acting principal, is authorised and audited."""

    def __init__(self, catalog: Catalog, access: MonitorAccess, jobs: RefreshJobs, clock: Clock) -> None:
        self._database = catalog.database
        self._access = access
        self._jobs = jobs
        self._clock = clock

    def ask(
        self, principal: Principal, table: TableName, *, backfill: Span | None = None, is_full: bool = False
    ) -> Refresh:
        """Ask for a refresh; it is carried out by the monitor's job.

        Args:
            backfill: The stretch whose windows are computed anew, whatever has changed.
            is_full: Compute everything anew.

        Raises:
            Conflict: The table is not there yet.
        """
        with self._access.verb(principal, "runMonitorRefresh", table):
            held = self._access.held(principal, table, Privilege.MANAGE)
            if backfill is not None and backfill.end <= backfill.start:
                raise InvalidInput("The stretch ends before it begins.")
            return self.ask_for(held, principal.name, RefreshTrigger.MANUAL, backfill=backfill, is_full=is_full)

    def get(self, principal: Principal, table: TableName, refresh_id: int) -> Refresh:
        """One refresh, as it stands now."""
        with self._access.verb(principal, "getMonitorRefresh", table):
            held = self._access.held(principal, table, Privilege.SELECT)
            return self._settled(self._refresh(held, refresh_id))

    def list(self, principal: Principal, table: TableName, limit: int = MOST_SHOWN) -> "Sequence[Refresh]":
        """The latest refreshes, newest first."""
        with self._access.verb(principal, "listMonitorRefreshes", table):
            held = self._access.held(principal, table, Privilege.SELECT)
            with self._database.read() as connection:
                found = rows.refreshes_of(connection, held.monitor_id, limit)
            return [self._settled(each) for each in found]

    def cancel(self, principal: Principal, table: TableName, refresh_id: int) -> Refresh:
        """End a refresh; one that has ended stays as it is."""
        with self._access.verb(principal, "cancelMonitorRefresh", table):
            held = self._access.held(principal, table, Privilege.MANAGE)
            found = self._settled(self._refresh(held, refresh_id))
            if not found.state.is_final:
                if found.run_id is not None:
                    self._jobs.cancel(found.run_id)
                with self._database.write() as connection:
                    self._end(connection, found, RefreshState.CANCELED, f"Cancelled by {principal}.")
            return self._refresh(held, refresh_id)

    def ask_for(
        self,
        monitor: Monitor,
        by: str,
        trigger: RefreshTrigger,
        *,
        backfill: Span | None = None,
        is_full: bool = False,
    ) -> Refresh:
        """As :meth:`ask`, for who has been found to be allowed to."""
        if monitor.job_id is None:
            raise Conflict(
                f"The monitor of {monitor.table_name} waits: {monitor.failure}",
                hint="It begins by itself when the table is there.",
            )
        new = replace(self._new(monitor, by, trigger), backfill=backfill, is_full=is_full)
        with self._database.write() as connection:
            kept = rows.insert_refresh(connection, new)
        try:
            run_id = self._jobs.run(monitor, kept.refresh_id)
        except BoathouseError as error:
            with self._database.write() as connection:
                self._failed(connection, monitor, kept, str(error))
            raise
        with self._database.write() as connection:
            rows.change_refresh(connection, kept.refresh_id, run_id=run_id)
        return replace(kept, run_id=run_id)

    # --- what the task of a refresh says

    def begin(self, principal: Principal, monitor_id: str, *, run_id: int, refresh_id: int | None) -> Work:
        """A run begins to refresh, or goes on where a process that died has left it.

        Raises:
            MonitorNotFound: It was deleted meanwhile.
            Conflict: The refresh was cancelled.
        """
        with self._database.write() as connection:
            held = self._of_id(connection, principal, monitor_id)
            found = None
            if refresh_id is not None:
                found = rows.find_refresh(connection, refresh_id)
            else:
                found = rows.refresh_of_run(connection, monitor_id, run_id)
            if found is None or (refresh_id is None and found.state.is_final):
                trigger = _trigger_of(held)
                found = rows.insert_refresh(connection, self._new(held, held.owner, trigger, run_id=run_id))
            if found.monitor_id != monitor_id or found.state is RefreshState.CANCELED:
                raise Conflict(f"The refresh {found.refresh_id} was cancelled.")
            if found.state.is_final:  # its run is repaired
                new = self._new(held, found.requested_by, found.trigger, run_id=run_id)
                found = rows.insert_refresh(connection, replace(new, backfill=found.backfill, is_full=found.is_full))
            rows.change_refresh(connection, found.refresh_id, state=RefreshState.RUNNING.value, run_id=run_id)
            running = replace(found, state=RefreshState.RUNNING, run_id=run_id)
            return Work(running, held, rows.progress_of(connection, monitor_id))

    def finish(self, principal: Principal, refresh_id: int, progress: Progress, result: Mapping[str, Any]) -> Refresh:
        """A refresh has done its work: the next one goes on from there, and everybody may know.

        Raises:
            Conflict: It was cancelled meanwhile.
        """
        with self._database.write() as connection:
            held, refresh = self._of_refresh(connection, principal, refresh_id)
            if refresh.state is RefreshState.SUCCESS:
                return refresh
            message = result.get("message")
            if not rows.change_refresh(
                connection, refresh_id, state=RefreshState.SUCCESS.value, ended_at=self._now(), result=dict(result),
                message=message,
            ):  # fmt: skip
                raise Conflict(f"The refresh {refresh_id} was ended before: {refresh.state.value}.")
            rows.put_progress(connection, held.monitor_id, progress)
            rows.change_monitor(connection, held.monitor_id, failure=None)
            told = {"table": held.table_name, "refresh_id": refresh_id, **result}
            event = NewEvent(EventType.MONITOR_REFRESHED, held.table_name, held.owner, told)
            events.write(connection, [event], self._now())
            found = rows.find_refresh(connection, refresh_id)
            assert found is not None
            return found

    def fail(self, principal: Principal, refresh_id: int, message: str) -> None:
        """A refresh could not do its work."""
        with self._database.write() as connection:
            held, refresh = self._of_refresh(connection, principal, refresh_id)
            self._failed(connection, held, refresh, message)

    # --- what is done by the by

    def settle(self) -> int:
        """End the refreshes whose run has ended without a word; how many there were."""
        with self._database.read() as connection:
            unsettled = rows.open_refreshes(connection)
        return sum(self._settled(each) != each for each in unsettled)

    def end_all_of(self, connection: "Connection", monitor: Monitor, message: str) -> None:
        """Cancel what of a monitor is open, in the caller's transaction."""
        for refresh in rows.open_refreshes(connection, monitor.monitor_id):
            self._end(connection, refresh, RefreshState.CANCELED, message)

    # --- within

    def _settled(self, refresh: Refresh) -> Refresh:
        """A refresh as its run says, when that has ended without a word of the task."""
        if refresh.state.is_final or refresh.run_id is None:
            return refresh
        end = self._jobs.end_of(refresh.run_id)
        if end is None:
            return refresh
        with self._database.write() as connection:
            held = rows.monitor_of_id(connection, refresh.monitor_id)
            message = end.message or "Its run has ended before the refresh was done."
            if end.is_cancelled or held is None:
                self._end(connection, refresh, RefreshState.CANCELED, message)
            else:
                self._failed(connection, held, refresh, message)
            return rows.find_refresh(connection, refresh.refresh_id) or refresh

    def _failed(self, connection: "Connection", monitor: Monitor, refresh: Refresh, message: str) -> None:
        if not self._end(connection, refresh, RefreshState.FAILED, message):
            return
        rows.change_monitor(connection, monitor.monitor_id, failure=message)
        told = {"table": monitor.table_name, "refresh_id": refresh.refresh_id, "message": message[:2_000]}
        event = NewEvent(EventType.MONITOR_FAILED, monitor.table_name, monitor.owner, told)
        events.write(connection, [event], self._now())

    def _end(self, connection: "Connection", refresh: Refresh, state: RefreshState, message: str) -> bool:
        return rows.change_refresh(
            connection, refresh.refresh_id, state=state.value, ended_at=self._now(), message=message
        )

    def _new(self, monitor: Monitor, by: str, trigger: RefreshTrigger, *, run_id: int | None = None) -> Refresh:
        now, name = self._now(), monitor.table_name
        return Refresh(0, monitor.monitor_id, name, RefreshState.PENDING, trigger, by, now, run_id=run_id)

    def _refresh(self, monitor: Monitor, refresh_id: int) -> Refresh:
        with self._database.read() as connection:
            found = rows.find_refresh(connection, refresh_id)
        if found is None or found.monitor_id != monitor.monitor_id:
            raise NotFound(f"The monitor of {monitor.table_name} has no refresh {refresh_id}.")
        return found

    def _of_refresh(self, connection: "Connection", principal: Principal, refresh_id: int) -> tuple[Monitor, Refresh]:
        found = rows.find_refresh(connection, refresh_id)
        if found is None:
            raise NotFound(f"There is no refresh {refresh_id}.")
        return self._of_id(connection, principal, found.monitor_id), found

    def _of_id(self, connection: "Connection", principal: Principal, monitor_id: str) -> Monitor:
        """For the task of a refresh, which acts as the monitor's owner."""
        found = rows.monitor_of_id(connection, monitor_id)
        if found is None or not (principal.is_admin or principal.name == found.owner):
            raise MonitorNotFound(f"There is no monitor {monitor_id[:80]}.")
        return found

    def _now(self) -> int:
        return epoch_ms(self._clock.now())


def _trigger_of(monitor: Monitor) -> RefreshTrigger:
    """What has started a run of the monitor's job that nobody here has asked for."""
    if monitor.settings.extras.refresh_on_update:
        return RefreshTrigger.DATA_CHANGE
    return RefreshTrigger.SCHEDULE if monitor.settings.schedule is not None else RefreshTrigger.MANUAL
