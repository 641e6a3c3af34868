"""The verbs on monitors and their refreshes. What a refresh computes is computed elsewhere, by a job of the monitor's
own, which says here that it begins and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from boathouse.catalog import Catalog, Privilege, SecurableKind, Table
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import AlreadyExists, BoathouseError, Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import DoesNotFit, Problem
from boathouse.monitoring.monitors import repository as rows
from boathouse.monitoring.monitors.columns import problems_with_columns, problems_with_labels
from boathouse.monitoring.monitors.jobs import RefreshJobs
from boathouse.monitoring.monitors.nouns import Monitor, Progress, Refresh, RefreshState, RefreshTrigger, Span
from boathouse.monitoring.monitors.settings import MonitorSettings

if TYPE_CHECKING:
    from sqlalchemy import Connection

TABLE = SecurableKind.TABLE
SERVICE = "monitoring"
MOST_SHOWN = 25


class MonitorNotFound(NotFound):
    """The table has no monitor, or the principal may not know of it."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a refresh has to do, as its task is told."""

    refresh: Refresh
    monitor: Monitor
    progress: Progress


class Monitors:
    """Every verb takes the acting principal, is authorised and audited."""

    def __init__(self, catalog: Catalog, jobs: RefreshJobs, clock: Clock) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._jobs = jobs
        self._clock = clock

    # --- monitors

    def create(
        self,
        principal: Principal,
        table: TableName,
        settings: MonitorSettings,
        *,
        may_wait: bool = False,
        origin: str | None = None,
    ) -> Monitor:
        """Watch a table; a first refresh is asked for. The monitor works with the rights of who makes it.

        Args:
            may_wait: Whether the table may come later.

        Raises:
            AlreadyExists: The table has a monitor.
            DoesNotFit: Its columns are not those that the monitor needs.
            Denied: The principal may not manage the table, or may not write to the schema of the metric tables.
        """
        with self._verb(principal, "createMonitor", table) as event:
            found = self._table(principal, table, may_wait=may_wait)
            self._require_output(principal, settings)
            self.require_fitting(principal, table, settings)
            now = self._now()
            made = Monitor(
                monitor_id=new_id(),
                table_name=str(table),
                settings=settings,
                version=1,
                owner=principal.name,
                created_at=now,
                changed_at=now,
                table_id=found.securable.id if found is not None else None,
                failure=None if found is not None else f"There is no table {table} yet.",
                origin=origin,
            )
            with self._database.write() as connection:
                if rows.find_monitor(connection, str(table)) is not None:
                    raise AlreadyExists(f"{table} has a monitor already.", hint="Update it, or delete it first.")
                rows.insert_monitor(connection, made)
                event.commit_with(connection)
            if found is None:
                return made
            try:
                return self._activate(made)
            except BoathouseError:
                with self._database.write() as connection:
                    rows.remove_monitor(connection, made.monitor_id, self._now())
                raise

    def update(
        self, principal: Principal, table: TableName, settings: MonitorSettings, *, origin: str | None = None
    ) -> Monitor:
        """Watch a table in another way. What shapes the metrics makes a new version, and the next refresh full."""
        with self._verb(principal, "updateMonitor", table) as event:
            held = self._held(principal, table, Privilege.MANAGE)
            self._require_output(principal, settings)
            self.require_fitting(principal, table, settings)
            settings = settings.model_copy(update={"assets_dir": settings.assets_dir or held.settings.assets_dir})
            is_new = settings.shapes_metrics() != held.settings.shapes_metrics()
            changed = replace(
                held, settings=settings, version=held.version + is_new, changed_at=self._now(),
                origin=origin or held.origin,
            )  # fmt: skip
            if held.job_id is not None:
                self._jobs.ensure(changed)
            with self._database.write() as connection:
                if settings.document() != held.settings.document():
                    rows.put_settings(connection, changed, principal.name)
                if changed.origin != held.origin:
                    rows.change_monitor(connection, held.monitor_id, origin=changed.origin)
                event.commit_with(connection)
            return changed

    def pause(self, principal: Principal, table: TableName, *, paused: bool) -> Monitor:
        """Let the schedule rest, or go on.

        Raises:
            Conflict: The monitor has none.
        """
        held = self.get(principal, table)
        schedule = held.settings.schedule
        if schedule is None:
            raise Conflict(
                f"The monitor of {table} has no schedule.", hint="It is refreshed by hand: boathouse monitor refresh"
            )
        status = "PAUSED" if paused else "UNPAUSED"
        changed = schedule.model_copy(update={"pause_status": status})
        return self.update(principal, table, held.settings.model_copy(update={"schedule": changed}))

    def delete(self, principal: Principal, table: TableName) -> None:
        """Watch no more. The metric tables stay."""
        with self._verb(principal, "deleteMonitor", table) as event:
            held = self._held(principal, table, Privilege.MANAGE)
            with self._database.write() as connection:
                for refresh in rows.open_refreshes(connection, held.monitor_id):
                    self._end(connection, refresh, RefreshState.CANCELED, "The monitor was deleted.")
                rows.remove_monitor(connection, held.monitor_id, self._now())
                event.commit_with(connection)
            if held.job_id is not None:
                self._jobs.remove(held.job_id)

    def get(self, principal: Principal, table: TableName) -> Monitor:
        """
        Raises:
            MonitorNotFound: The table has none.
            Denied, NotFound: The principal may not read the table.
        """
        with self._verb(principal, "getMonitor", table):
            return self._held(principal, table, Privilege.SELECT)

    def of_table_id(self, principal: Principal, table_id: str) -> Monitor:
        """As :meth:`get`, by the id of the table."""
        name = self._catalog.securables.names_of([table_id]).get(table_id)
        if name is None:
            raise MonitorNotFound(f"There is no table with the id {table_id[:80]}.")
        return self.get(principal, TableName.parse(name))

    def list(self, principal: Principal) -> "list[Monitor]":
        """The monitors of tables that the principal may read, by name."""
        with self._database.read() as connection:
            found = rows.every_monitor(connection)
        return [each for each in found if self._may_see(principal, each)]

    def settings_at(self, principal: Principal, table: TableName, instant: int) -> tuple[int, MonitorSettings]:
        """The version and the settings that held at an instant."""
        self.get(principal, table)
        with self._database.read() as connection:
            found = rows.settings_at(connection, str(table), instant)
        if found is None:
            raise MonitorNotFound(f"{table} had no monitor at that time.")
        return found

    def require_manage(self, principal: Principal, table: TableName) -> None:
        """
        Raises:
            Denied: The principal may not decide about the table's monitor.
        """
        self._held(principal, table, Privilege.MANAGE)

    def require_fitting(self, principal: Principal, table: TableName, settings: MonitorSettings) -> None:
        """Ask the tables that are there for the columns that the monitor needs.

        Raises:
            DoesNotFit: They lack some.
        """
        found = self._columns(principal, table)
        problems = list[Problem]() if found is None else problems_with_columns(settings, found.columns, str(table))
        late = settings.extras.late_labels
        if late is not None and (labels := self._columns(principal, TableName.parse(late.table_name))) is not None:
            problems += problems_with_labels(settings, labels.columns)
        if problems:
            raise DoesNotFit(f"The monitor of {table}", problems)

    # --- refreshes

    def refresh(
        self, principal: Principal, table: TableName, *, backfill: Span | None = None, is_full: bool = False
    ) -> Refresh:
        """Ask for a refresh; it is carried out by the monitor's job.

        Args:
            backfill: The stretch whose windows are computed anew, whatever has changed.
            is_full: Compute everything anew.

        Raises:
            Conflict: The table is not there yet.
        """
        with self._verb(principal, "runMonitorRefresh", table):
            held = self._held(principal, table, Privilege.MANAGE)
            if backfill is not None and backfill.end <= backfill.start:
                raise InvalidInput("The stretch ends before it begins.")
            return self._ask(held, principal.name, RefreshTrigger.MANUAL, backfill=backfill, is_full=is_full)

    def get_refresh(self, principal: Principal, table: TableName, refresh_id: int) -> Refresh:
        """One refresh, as it stands now."""
        with self._verb(principal, "getMonitorRefresh", table):
            held = self._held(principal, table, Privilege.SELECT)
            return self._settled(self._refresh(held, refresh_id))

    def list_refreshes(self, principal: Principal, table: TableName, limit: int = MOST_SHOWN) -> "Sequence[Refresh]":
        """The latest refreshes, newest first."""
        with self._verb(principal, "listMonitorRefreshes", table):
            held = self._held(principal, table, Privilege.SELECT)
            with self._database.read() as connection:
                found = rows.refreshes_of(connection, held.monitor_id, limit)
            return [self._settled(each) for each in found]

    def cancel_refresh(self, principal: Principal, table: TableName, refresh_id: int) -> Refresh:
        """End a refresh; one that has ended stays as it is."""
        with self._verb(principal, "cancelMonitorRefresh", table):
            held = self._held(principal, table, Privilege.MANAGE)
            found = self._settled(self._refresh(held, refresh_id))
            if not found.state.is_final:
                if found.run_id is not None:
                    self._jobs.cancel(found.run_id)
                with self._database.write() as connection:
                    self._end(connection, found, RefreshState.CANCELED, f"Cancelled by {principal}.")
            return self._refresh(held, refresh_id)

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

    def look(self) -> int:
        """Let monitors begin whose table has come, follow tables that were renamed, and end refreshes whose run has
        ended without a word; how many things were done."""
        with self._database.read() as connection:
            waiting = rows.waiting_monitors(connection)
            unsettled = rows.open_refreshes(connection)
            every = rows.every_monitor(connection)
        done = sum(self._begin_waiting(each) for each in waiting)
        done += sum(self._settled(each) != each for each in unsettled)
        return done + self._follow_names(every)

    # --- within

    def _activate(self, monitor: Monitor) -> Monitor:
        job_id = self._jobs.ensure(monitor)
        with self._database.write() as connection:
            rows.change_monitor(connection, monitor.monitor_id, job_id=job_id, failure=None, table_id=monitor.table_id)
        active = replace(monitor, job_id=job_id, failure=None)
        self._ask(active, monitor.owner, RefreshTrigger.MANUAL)
        return active

    def _begin_waiting(self, monitor: Monitor) -> int:
        failure: str | None
        try:
            owner = self._catalog.identities.as_owner(monitor.owner)
            found = self._table(owner, monitor.table, may_wait=True)
            if found is None:
                return 0
            self.require_fitting(owner, monitor.table, monitor.settings)
            self._activate(replace(monitor, table_id=found.securable.id))
            return 1
        except BoathouseError as error:
            failure = str(error)
        if failure != monitor.failure:
            with self._database.write() as connection:
                rows.change_monitor(connection, monitor.monitor_id, failure=failure)
        return 0

    def _follow_names(self, monitors: "Sequence[Monitor]") -> int:
        ids = [each.table_id for each in monitors if each.table_id is not None]
        names = self._catalog.securables.names_of(ids) if ids else {}
        done = 0
        for each in monitors:
            name = names.get(each.table_id or "")
            if name is None and each.table_id is not None:
                done += self._without_table(each)
            elif name is not None and name != each.table_name:
                renamed = replace(each, table_name=name)
                with self._database.write() as connection:
                    rows.change_monitor(connection, each.monitor_id, table_name=name)
                self._jobs.ensure(renamed)
                done += 1
        return done

    def _without_table(self, monitor: Monitor) -> int:
        """Its table is gone: say so, unless another one has taken the name."""
        try:
            owner = self._catalog.identities.as_owner(monitor.owner)
            found = self._table(owner, monitor.table, may_wait=True)
        except BoathouseError:
            found = None
        gone = f"The table {monitor.table_name} is gone."
        if found is None and monitor.failure == gone:
            return 0
        changes = {"failure": gone} if found is None else {"failure": None, "table_id": found.securable.id}
        with self._database.write() as connection:
            rows.change_monitor(connection, monitor.monitor_id, **changes)
        return 1

    def _ask(
        self,
        monitor: Monitor,
        by: str,
        trigger: RefreshTrigger,
        *,
        backfill: Span | None = None,
        is_full: bool = False,
    ) -> Refresh:
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

    def _held(self, principal: Principal, table: TableName, privilege: Privilege) -> Monitor:
        with self._database.read() as connection:
            found = rows.find_monitor(connection, str(table))
        if found is None or (found.table_id is None and not self._is_theirs(principal, found)):
            self._catalog.grants.require(principal, Privilege.SELECT, TABLE, str(table))
            raise MonitorNotFound(f"{table} has no monitor.", hint="List those there are: boathouse monitor list")
        if not self._is_theirs(principal, found):
            self._catalog.grants.require(principal, privilege, TABLE, str(table))
        return found

    def _may_see(self, principal: Principal, monitor: Monitor) -> bool:
        if self._is_theirs(principal, monitor):
            return True
        try:
            return self._catalog.grants.allows(principal, Privilege.SELECT, TABLE, monitor.table_name)
        except NotFound:
            return False

    @staticmethod
    def _is_theirs(principal: Principal, monitor: Monitor) -> bool:
        """Whose it is may see and change it also while its table is not there."""
        return principal.is_admin or principal.name == monitor.owner

    def _table(self, principal: Principal, table: TableName, *, may_wait: bool) -> Table | None:
        """The table, if the principal may decide about it.

        Raises:
            NotFound: It is not there, and may not come later.
            Denied: The principal may not manage it, or not read it.
        """
        try:
            found = self._catalog.securables.table(principal, table)
        except NotFound:
            if may_wait:
                return None
            raise
        for privilege in (Privilege.SELECT, Privilege.MANAGE):
            self._catalog.grants.require(principal, privilege, TABLE, str(table))
        return found

    def _columns(self, principal: Principal, table: TableName) -> Table | None:
        try:
            return self._catalog.delta_tables.up_to_date(self._catalog.securables.table(principal, table))
        except (NotFound, Denied):
            return None

    def _require_output(self, principal: Principal, settings: MonitorSettings) -> None:
        schema = settings.output_schema_name
        try:
            self._catalog.grants.require(principal, Privilege.CREATE_TABLE, SecurableKind.SCHEMA, schema)
        except NotFound as error:
            raise InvalidInput(
                f"The metric tables cannot lie in {schema}: {error.message}", hint="Create the schema first."
            ) from error

    def _verb(self, principal: Principal, action: str, table: TableName) -> Any:
        return self._catalog.audit.verb(principal, SERVICE, action, TABLE, str(table))

    def _now(self) -> int:
        return epoch_ms(self._clock.now())


def _trigger_of(monitor: Monitor) -> RefreshTrigger:
    """What has started a run of the monitor's job that nobody here has asked for."""
    if monitor.settings.extras.refresh_on_update:
        return RefreshTrigger.DATA_CHANGE
    return RefreshTrigger.SCHEDULE if monitor.settings.schedule is not None else RefreshTrigger.MANUAL
