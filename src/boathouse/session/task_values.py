"""``boathouse.task_values``: small values that a task leaves for the tasks after it."""

import os
from enum import Enum
from typing import Any, Final

from boathouse.foundation.errors import Conflict, NotFound
from boathouse.foundation.redaction import of_this_task
from boathouse.foundation.rest import Connection, RestClient

__all__ = ["get", "set"]

_API = "/api/boathouse/v1/jobs/task-values"
_IN_TASK = "BOATHOUSE_TASK_RUN_ID"


class _Nothing(Enum):
    """Tells "not given" from None, which is a value like any other."""

    GIVEN = 0


_NOTHING: Final = _Nothing.GIVEN


def set(key: str, value: Any) -> None:
    """Leave a JSON value under a name; what was there before is replaced. Outside of a job nothing happens.

    Secrets that the task knows are replaced in it.

    Example:
        >>> boathouse.task_values.set("rows", 10)
    """
    if os.environ.get(_IN_TASK):
        _client().put(_API, {"key": key, "value": of_this_task(value)})


def get(task_key: str, key: str, default: Any = _NOTHING, debug_value: Any = _NOTHING) -> Any:
    """What another task of the same run has left; ``debug_value`` outside of a job.

    Raises:
        NotFound: It has left no such value, and there is no default.
        Conflict: There is no run around, and no ``debug_value``.

    Example:
        >>> boathouse.task_values.get("ingest", "rows", default=0)
    """
    if not os.environ.get(_IN_TASK):
        if debug_value is not _NOTHING:
            return debug_value
        raise Conflict(
            f"The value {key!r} of the task {task_key!r} can only be read within a run of a job.",
            hint="Give a debug_value for everywhere else.",
        )
    try:
        return _client().get(_API, task_key=task_key, key=key)["value"]
    except NotFound:
        if default is _NOTHING:
            raise
        return default


def _client() -> RestClient:
    return RestClient(Connection.from_surroundings())
