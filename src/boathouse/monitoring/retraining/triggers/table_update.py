"""New rows in a table, whoever wrote them: the Delta log is the witness."""

from boathouse.foundation.clock import epoch_ms
from boathouse.jobs.starting.triggers.table_update import last_update, newest_version
from boathouse.lake.log import DeltaLog
from boathouse.monitoring.retraining.nouns import Signal
from boathouse.monitoring.retraining.policy import OnTable, TriggerKind
from boathouse.monitoring.retraining.triggers.contract import Asked, Looked


def look(asked: Asked) -> Looked:
    said: OnTable = asked.settings
    seen = asked.world.table(asked.principal, said.table)
    log = DeltaLog(seen.location)
    known: int = asked.memory.get("version", -1)
    if asked.memory.get("id") != seen.table_id:
        newest = log.latest()
        memory = {"id": seen.table_id, "version": newest}
        if not asked.memory:  # what was there before anybody looked is no news
            return Looked(memory)
        known = -1
    else:
        newest = newest_version(log, known)
        memory = {"id": seen.table_id, "version": newest}
    update = last_update(log, known, newest) if newest > known else None
    if update is None:
        return Looked(memory)
    signal = Signal(
        TriggerKind.TABLE_UPDATE,
        asked.name,
        f"table_update:{asked.name}:{seen.table_id}:{update.version}",
        f"{said.table} has new rows: version {update.version}.",
        {"table": said.table, "version": update.version, "committed_at": epoch_ms(update.timestamp)},
        None if asked.is_replay else epoch_ms(update.timestamp),
    )
    return Looked(memory, (signal,))
