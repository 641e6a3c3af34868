"""The verbs on monitors: what is watched, how, and by whom."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock

from boathouse.catalog import Catalog, Privilege, SecurableKind, Table
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import AlreadyExists, BoathouseError, Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import DoesNotFit
from boathouse.monitoring.monitors import repository as rows
from boathouse.monitoring.monitors.access import MonitorAccess, MonitorNotFound
from boathouse.monitoring.monitors.columns import problems_with_columns, problems_with_labels
from boathouse.monitoring.monitors.jobs import RefreshJobs
from boathouse.monitoring.monitors.nouns import Monitor, MonitorStanding, Progress, RefreshTrigger
from boathouse.monitoring.monitors.refreshes import Refreshes
from boathouse.monitoring.monitors.reserved import problems_with_names
from boathouse.monitoring.monitors.settings import MonitorSettings

TABLE = SecurableKind.TABLE


class Monitors:
    """Every verb takes the acting principal, is authorised and audited."""

    def __init__(self, catalog: Catalog, jobs: RefreshJobs, clock: Clock) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._jobs = jobs
        self._beginning = Lock()
        """A monitor that is being made has no job yet, as one that waits; it would be given two."""
        self._clock = clock
        self._access = MonitorAccess(catalog)
        self.refreshes = Refreshes(catalog, self._access, jobs, clock)

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
        with self._access.verb(principal, "createMonitor", table) as event:
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
            with self._beginning:
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
        with self._access.verb(principal, "updateMonitor", table) as event:
            held = self._access.held(principal, table, Privilege.MANAGE)
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
        with self._access.verb(principal, "deleteMonitor", table) as event:
            held = self._access.held(principal, table, Privilege.MANAGE)
            with self._database.write() as connection:
                self.refreshes.end_all_of(connection, held, "The monitor was deleted.")
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
        with self._access.verb(principal, "getMonitor", table):
            return self._access.held(principal, table, Privilege.SELECT)

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
        return [each for each in found if self._access.may_see(principal, each)]

    def failing(self, principal: Principal) -> "list[Monitor]":
        """Those whose last refresh has failed, as far as the principal may read their tables."""
        with self._database.read() as connection:
            found = rows.failing_monitors(connection)
        return [each for each in found if self._access.may_see(principal, each)]

    def standings(self, principal: Principal) -> "list[MonitorStanding]":
        """As :meth:`list`, with the newest refresh of each and how fresh its data are."""
        with self._database.read() as connection:
            found = rows.every_monitor(connection)
            latest, progress = rows.latest_refreshes(connection), rows.every_progress(connection)
        nothing = Progress()
        return [
            MonitorStanding(each, latest.get(each.monitor_id), progress.get(each.monitor_id, nothing).newest)
            for each in found
            if self._access.may_see(principal, each)
        ]

    def standing(self, principal: Principal, table: TableName) -> MonitorStanding:
        """How one stands. Raises as :meth:`get`."""
        held = self.get(principal, table)
        with self._database.read() as connection:
            latest = rows.refreshes_of(connection, held.monitor_id, 1)
            return MonitorStanding(
                held, latest[0] if latest else None, rows.progress_of(connection, held.monitor_id).newest
            )

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
        self._access.held(principal, table, Privilege.MANAGE)

    def require_fitting(self, principal: Principal, table: TableName, settings: MonitorSettings) -> None:
        """Ask the tables that are there for the columns that the monitor needs.

        Raises:
            DoesNotFit: They lack some.
        """
        found = self._columns(principal, table)
        problems = problems_with_names(settings)
        problems += [] if found is None else problems_with_columns(settings, found.columns, str(table))
        late = settings.extras.late_labels
        if late is not None and (labels := self._columns(principal, TableName.parse(late.table_name))) is not None:
            problems += problems_with_labels(settings, labels.columns)
        if problems:
            raise DoesNotFit(f"The monitor of {table}", problems)

    # --- what is done by the by

    def look(self) -> int:
        """Let monitors begin whose table has come, follow tables that were renamed, and end refreshes whose run has
        ended without a word; how many things were done."""
        with self._database.read() as connection:
            waiting = rows.waiting_monitors(connection)
            every = rows.every_monitor(connection)
        done = sum(self._begin_waiting(each) for each in waiting)
        return done + self.refreshes.settle() + self._follow_names(every)

    # --- within

    def _activate(self, monitor: Monitor) -> Monitor:
        job_id = self._jobs.ensure(monitor)
        with self._database.write() as connection:
            rows.change_monitor(connection, monitor.monitor_id, job_id=job_id, failure=None, table_id=monitor.table_id)
        active = replace(monitor, job_id=job_id, failure=None)
        self.refreshes.ask_for(active, monitor.owner, RefreshTrigger.MANUAL)
        return active

    def _begin_waiting(self, monitor: Monitor) -> int:
        with self._beginning:
            with self._database.read() as connection:
                waits = any(each == monitor for each in rows.waiting_monitors(connection))
            return self._begin(monitor) if waits else 0

    def _begin(self, monitor: Monitor) -> int:
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

    def _now(self) -> int:
        return epoch_ms(self._clock.now())
