"""Runs and the tasks they are started in: the server writes down what a run's code cannot be trusted to say.

Tags that begin with ``boathouse.`` and ``mlflow.user`` are the server's; nobody else can set or delete them.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from boathouse.catalog import LineageEdge, NodeKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.context import TaskContext
from boathouse.foundation.errors import BoathouseError, Denied
from boathouse.foundation.principals import Principal
from boathouse.models.artifact_addresses import artifact_path
from boathouse.models.provenance import Provenance
from boathouse.models.repository import ModelRepository
from boathouse.models.stores import MlflowStores

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

log = logging.getLogger(__name__)

RESERVED_PREFIX = "boathouse."
USER_TAG = "mlflow.user"
LOCK_ARTIFACT = "environment/requirements.lock"
"""Where a run keeps the lock of the environment it ran in."""

EnvironmentLock = Callable[[str], str | None]
"""The text of an environment's lock by the hash of the lock."""


class TaskRuns:
    """What the server adds to a run that a task starts."""

    def __init__(
        self,
        stores: MlflowStores,
        catalog: "Catalog",
        repository: ModelRepository,
        provenance: Provenance,
        clock: Clock,
        artifacts: Path,
        environment_lock: EnvironmentLock,
    ) -> None:
        self._stores = stores
        self._catalog = catalog
        self._repository = repository
        self._provenance = provenance
        self._clock = clock
        self._artifacts = artifacts
        self._environment_lock = environment_lock

    def started(
        self, principal: Principal, run_id: str, experiment_id: str, artifact_uri: str, task: TaskContext
    ) -> None:
        """A task has started a run: attach its lock and what the task has read so far."""
        self._repository.add_run(run_id, experiment_id, task.task_run_id, principal.name)
        self._attach_lock(artifact_uri, task)
        reads = self._catalog.lineage.reads_of_task(task.task_run_id)
        self._provenance.add_inputs(principal, [run_id], reads)

    def ended(self, run_id: str) -> None:
        """A run is over: what its task reads from now on is not its input."""
        self._repository.end_run(run_id, epoch_ms(self._clock.now()))

    def observe(self, principal: Principal, edges: Sequence[LineageEdge], task: TaskContext | None) -> None:
        """Lineage has been recorded: tables that a task reads become inputs of its running runs."""
        if task is None:
            return
        reads = [edge.source for edge in edges if edge.source is not None and _is_read(edge)]
        if reads and (runs := self._repository.active_runs(task.task_run_id)):
            try:
                self._provenance.add_inputs(principal, runs, reads)
            except BoathouseError:  # the read itself has succeeded; the input is tried again at the next start
                log.exception("Could not show the inputs of runs %s", ", ".join(runs))

    def _attach_lock(self, artifact_uri: str, task: TaskContext) -> None:
        root = artifact_path(artifact_uri)
        text = self._environment_lock(task.environment_key) if task.environment_key else None
        if root is None or text is None:
            return
        file = self._artifacts / root / LOCK_ARTIFACT
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def tags_of(principal: Principal, task: TaskContext | None) -> dict[str, str]:
    """The tags that the server gives a new run."""
    tags = {USER_TAG: principal.name, f"{RESERVED_PREFIX}principal": principal.name}
    if task is None:
        return tags
    facts: dict[str, object] = {
        "mlflow.source.git.commit": task.git_commit,
        "mlflow.source.git.branch": task.git_branch,
        "mlflow.source.git.repoURL": task.git_origin,
        "boathouse.git.commit": task.git_commit,
        "boathouse.git.branch": task.git_branch,
        "boathouse.git.origin": task.git_origin,
        "boathouse.git.dirty": None if task.git_dirty is None else str(task.git_dirty).lower(),
        "boathouse.bundle": task.bundle,
        "boathouse.target": task.target,
        "boathouse.deployment_id": task.deployment_id,
        "boathouse.job_id": task.job_id,
        "boathouse.job_name": task.job_name,
        "boathouse.job_run_id": task.run_id,
        "boathouse.task_key": task.task_key,
        "boathouse.task_run_id": task.task_run_id,
        "boathouse.attempt": task.attempt,
        "boathouse.environment": task.environment_key,
        "boathouse.as_of": task.as_of,
        "boathouse.reproduction": task.reproduction,
    }
    return tags | {key: str(value) for key, value in facts.items() if value is not None}


def with_server_tags(given: Iterable[Any], added: dict[str, str]) -> list[dict[str, Any]]:
    """The tags of a create request, those of the server taking the place of what the client says."""
    kept = [cast(dict[str, Any], tag) for tag in given if isinstance(tag, dict)]
    kept = [tag for tag in kept if tag.get("key") not in added]
    return [*kept, *({"key": key, "value": value} for key, value in added.items())]


def refuse_reserved(keys: Iterable[object]) -> None:
    """Refuse tags that only the server may set.

    Raises:
        Denied: One of the keys is reserved.
    """
    for key in keys:
        if isinstance(key, str) and (key.startswith(RESERVED_PREFIX) or key == USER_TAG):
            raise Denied(
                f"The tag {key!r} is written by the server and cannot be set or deleted.",
                hint=f"Choose a key that does not begin with {RESERVED_PREFIX!r}.",
            )


def _is_read(edge: LineageEdge) -> bool:
    return (
        edge.source is not None
        and edge.source.kind is NodeKind.TABLE
        and (edge.target is None or edge.target.kind is not NodeKind.RUN)
    )
