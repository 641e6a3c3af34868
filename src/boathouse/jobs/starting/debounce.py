"""When a change that was seen may start a run: not too soon after the last run, and not while changes still come."""

from collections.abc import Mapping
from typing import Any


def ready_at(details: Mapping[str, Any], last_change_at: int, last_fired_at: int | None) -> int:
    """The instant at which the run may start."""
    wait_ms = details.get("wait_after_last_change_seconds", 0) * 1000
    between_ms = details.get("min_time_between_triggers_seconds", 0) * 1000
    return max(last_change_at + wait_ms, (last_fired_at or 0) + between_ms if last_fired_at else 0)
