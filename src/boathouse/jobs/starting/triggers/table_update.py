"""New versions of tables, whoever wrote them: the Delta log is the witness. Maintenance that moves the same rows into
other files is no update."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from boathouse.catalog import Table
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import BoathouseError, Conflict
from boathouse.jobs.settings import UpdateCondition
from boathouse.jobs.starting.debounce import ready_at
from boathouse.jobs.starting.sight import Sight
from boathouse.jobs.starting.starters import Fire, Starter, Verdict
from boathouse.lake.log import Commit, DeltaLog

_MOST_COMMITS = 100
"""Commits that are read to tell an update from maintenance; among more there is an update."""


class TableUpdateTrigger:
    """Starts a run when tables have new rows."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    def look(self, starter: Starter, now: datetime) -> Verdict:
        known: dict[str, dict[str, Any]] = {**starter.memory.get("tables", {})}
        problems: list[str] = []
        for name in starter.details["table_names"]:
            try:
                known[name] = self._look_at(starter.run_as, name, known.get(name), starter.since)
            except (BoathouseError, OSError) as error:
                problems.append(str(error))
        memory = {"tables": known}
        if problems:
            return Verdict(memory=memory, problem=" ".join(problems))
        changed = {name: state for name, state in known.items() if state.get("changed")}
        needs_all = starter.details.get("condition") == UpdateCondition.ALL_UPDATED
        if not changed or (needs_all and len(changed) < len(known)):
            return Verdict(memory=memory)
        latest = max(state["committed_at"] for state in changed.values())
        ready = ready_at(starter.details, min(latest, epoch_ms(now)), starter.last_fired_at)
        if ready > epoch_ms(now):
            return Verdict(due_at=ready, memory=memory)
        settled = {name: {key: state[key] for key in ("id", "version")} for name, state in known.items()}
        return Verdict(fires=(_fire(starter, changed, now),), memory={"tables": settled})

    def _look_at(self, run_as: str, name: str, before: Mapping[str, Any] | None, since: int) -> dict[str, Any]:
        """What is known of a table now: its version, and whether it has changed since the last run."""
        table = self._sight.table(run_as, name)
        if table.data_source_format != "DELTA" or not table.storage_location:
            raise Conflict(f"{name} is no Delta table, so its updates cannot be seen.")
        log = DeltaLog(table.storage_location)
        if before is None:
            return _first_look(table, log, since)
        if before["id"] != table.securable.id:
            return _made_anew(table, log)
        newest = newest_version(log, before["version"])
        if newest < before["version"]:
            return _made_anew(table, log)
        if newest == before["version"]:
            return {**before}
        update = last_update(log, before["version"], newest)
        found = {**before, "version": newest}
        return found | _changed(update) if update else found


def newest_version(log: DeltaLog, known: int) -> int:
    """The newest version in the log, at the cost of two looks when nothing has happened."""
    if not log.commit_file(known).exists():  # cleaned away, or another table at the same place
        return log.latest()
    version = known
    while log.commit_file(version + 1).exists():
        version += 1
    return version


def last_update(log: DeltaLog, after: int, upto: int) -> Commit | None:
    """The newest commit that changed rows, among those after one version up to another."""
    for version in range(upto, max(after, upto - _MOST_COMMITS), -1):
        commit = log.commit(version)
        if commit is not None and commit.changes_data:
            return commit
    return log.commit(upto) if upto - after > _MOST_COMMITS else None


def _first_look(table: Table, log: DeltaLog, since: int) -> dict[str, Any]:
    """What was written before the trigger was made is no news; what was written between then and now is."""
    newest = version = log.latest()
    while version >= 0 and (commit := log.commit(version)) and epoch_ms(commit.timestamp) >= since:
        version -= 1
    found: dict[str, Any] = {"id": table.securable.id, "version": newest}
    update = last_update(log, version, newest) if version < newest else None
    return found | _changed(update) if update else found


def _made_anew(table: Table, log: DeltaLog) -> dict[str, Any]:
    """Another table under the same name: all of it is new."""
    newest = log.latest()
    update = last_update(log, -1, newest) if newest >= 0 else None
    found: dict[str, Any] = {"id": table.securable.id, "version": newest}
    return found | _changed(update) if update else found


def _changed(update: Commit) -> dict[str, Any]:
    return {"changed": True, "changed_version": update.version, "committed_at": epoch_ms(update.timestamp)}


def _fire(starter: Starter, changed: Mapping[str, Mapping[str, Any]], now: datetime) -> Fire:
    tables: dict[str, Any] = {
        name: {"version": state["changed_version"], "commit_timestamp": state["committed_at"]}
        for name, state in changed.items()
    }
    info = {"time_ms": epoch_ms(now), "table_update": {"updated_tables": sorted(tables), **tables}}
    return Fire(f"tables:{starter.job_id}:{starter.since}:{starter.revision}", "TABLE", info)
