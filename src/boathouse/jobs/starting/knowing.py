"""What a run can ask about its start, besides its time: ``{{job.trigger...}}``."""

import json
from collections.abc import Mapping
from typing import Any

_FACTS: Mapping[str, tuple[str, ...]] = {
    "table_update": ("updated_tables",),
    "model": ("name", "version", "alias"),
    "job_completion": ("job_id", "run_id", "result_state"),
    "catalog_event": ("action", "securable_name", "by"),
    "event": ("type", "subject", "by", "event_id", "version", "alias", "gate", "run_id", "data"),
}
KNOWN_OF_TRIGGERS = tuple(f"job.trigger.{kind}.{fact}" for kind, facts in _FACTS.items() for fact in facts)


def trigger_values(info: Mapping[str, Any]) -> dict[str, str]:
    """A value for each of them; empty where the run began in another way."""
    return {
        f"job.trigger.{kind}.{fact}": _text(info.get(kind, {}).get(fact, ""))
        for kind, facts in _FACTS.items()
        for fact in facts
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
