"""What a task that reproduces a model may ask of the server: to read, to log to runs of its own, and nothing else.

One rule in front of all doors. MLflow's API is judged by its own policy, tables and volumes by the law of the session.
"""

import re

from boathouse.foundation.context import TaskContext
from boathouse.foundation.errors import Denied

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_JUDGED_THERE = (
    "/api/2.0/mlflow", "/api/2.0mlflow", "/api/3.0/mlflow", "/ajax-api/", "/mlflow/", "/graphql", "/v1/traces",
    "/get-artifact", "/model-versions/",
)  # fmt: skip
_SESSION = "/api/boathouse/v1/session/"
_QUESTIONS = frozenset(
    {
        "resolve-tables", "resolve-volume", "resolve-functions", "record-lineage", "system-table", "table", "volume",
        "function", "get", "list", "pinned-versions", "grants", "refresh-columns",
    }
)  # fmt: skip
_OWN = re.compile(r"/api/boathouse/v1/(jobs/task-values|models/[^/]+/versions/[^/]+/reproductions/[^/]+/predictions)")


def require_harmless(task: TaskContext, method: str, path: str) -> None:
    """Refuse a request that would change something outside of the reproduction.

    Raises:
        Denied: It would.
    """
    if method in _READING or path.startswith(_JUDGED_THERE) or _OWN.fullmatch(path):
        return
    if path.startswith(_SESSION) and path.removeprefix(_SESSION) in _QUESTIONS:
        return
    raise Denied(
        f"The task {task.task_key} reproduces a model and changes nothing; {method} {path} is not for it.",
        hint="Only what a task computes can be reproduced: let what it changes be a task of its own.",
    )
