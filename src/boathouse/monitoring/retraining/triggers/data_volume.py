"""So many more rows than when a training was last started. Rows are counted only when the table has changed."""

from typing import Any

from boathouse.jobs.starting.triggers.table_update import newest_version
from boathouse.lake.log import DeltaLog
from boathouse.monitoring.retraining.nouns import Signal
from boathouse.monitoring.retraining.policy import OnVolume, TriggerKind
from boathouse.monitoring.retraining.triggers.contract import Asked, Looked


def look(asked: Asked) -> Looked:
    said: OnVolume = asked.settings
    seen = asked.world.table(asked.principal, said.table)
    log = DeltaLog(seen.location)
    memory: dict[str, Any] = {**asked.memory}
    is_known = memory.get("id") == seen.table_id
    newest = newest_version(log, memory["version"]) if is_known else log.latest()
    if not is_known or newest != memory["version"]:
        rows = asked.world.count(asked.principal, said.table)
        first = rows if not memory else memory["base"]
        memory = {"id": seen.table_id, "version": newest, "rows": rows, "base": first} | {
            "started": memory.get("started", asked.last_started)
        }
    if memory["started"] != asked.last_started or memory["rows"] < memory["base"]:
        memory |= {"started": asked.last_started, "base": memory["rows"]}
    more = memory["rows"] - memory["base"]
    if more < said.rows:
        return Looked(memory)
    signal = Signal(
        TriggerKind.DATA_VOLUME,
        asked.name,
        # After a trial that said no, so many rows more are a reason to ask again.
        f"data_volume:{asked.name}:{seen.table_id}:{memory['base']}:{more // said.rows}",
        f"{said.table} has {more:,} rows more than when a training was last started; {said.rows:,} are asked for.",
        {"table": said.table, "version": memory["version"], "rows": memory["rows"], "more": more},
        lasts=True,
    )
    return Looked(memory, (signal,))
