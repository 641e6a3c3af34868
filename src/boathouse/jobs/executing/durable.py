"""DBOS: remembers which workflows run and what their steps gave back. The only file that knows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, create_engine, event

from boathouse.foundation.ids import new_id
from boathouse.jobs.executing.execution import ReserveStep
from boathouse.jobs.executing.graph_execution import Step
from boathouse.metastore import DatabaseUrl

_APPLICATION = "boathouse"
_VERSION = "1"
"""Pinned, so that an upgrade of Boathouse strands no run; raise it only when the steps of a run are laid out anew."""
_WORKFLOW = "execute_run"
_MOST_THREADS = 1024

Body = Callable[[int, ReserveStep], None]


@dataclass(frozen=True, slots=True)
class WorkflowState:
    """What DBOS knows of a workflow."""

    name: str
    executor_id: str | None
    queue_name: str | None

    @property
    def is_over(self) -> bool:
        return self.name not in ("PENDING", "ENQUEUED", "DELAYED")


class Durable:
    """The workflows of one worker.

    DBOS would hand what a dead worker has left to whoever looks first. Who goes on with a run is for the leases to say,
    so every life of a worker is a stranger to DBOS, and what it takes over comes through a queue of its own.
    """

    def __init__(self, where: DatabaseUrl, executor_id: str, body: Body) -> None:
        self._where = where
        self._queue = f"taken-over-by-{executor_id}"
        self._executor_id = f"{executor_id}-{new_id()}"
        self._body = body
        self._workflow: Any = None

    def launch(self) -> None:
        """Start DBOS; workflows that an earlier life of this worker left go on."""
        from dbos import DBOS

        config: dict[str, Any] = {
            "name": _APPLICATION,
            "system_database_url": self._where.url,
            "executor_id": self._executor_id,
            "application_version": _VERSION,
            "log_level": "WARNING",
            # Runs that wait for others keep their threads; those that they wait for need some, too.
            "max_executor_threads": _MOST_THREADS,
            # Neither is used; left alone they would look into the database every second.
            "scheduler_polling_interval_sec": 3600.0,
            "notification_listener_polling_interval_sec": 3600.0,
        }
        if self._where.is_sqlite:
            config["system_database_engine"] = sqlite_engine(self._where)
        elif self._where.schema:
            config["dbos_system_schema"] = self._where.schema
        DBOS(config=config)  # pyright: ignore[reportArgumentType]

        def execute_run(run_id: int) -> None:
            self._body(run_id, _reserve)

        self._workflow = DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=None)(execute_run)
        DBOS.listen_queues([self._queue])
        DBOS.launch()
        DBOS.register_queue(self._queue)

    def start(self, workflow_id: str, run_id: int) -> None:
        """Begin a workflow; nothing happens when it has begun before."""
        from dbos import DBOS, SetWorkflowID

        with SetWorkflowID(workflow_id):
            DBOS.start_workflow(self._workflow, run_id)

    def resume(self, workflow_id: str) -> None:
        """Go on with a workflow whose worker is dead."""
        from dbos import DBOS

        DBOS.resume_workflow(workflow_id, queue_name=self._queue)

    def status(self, workflow_id: str) -> WorkflowState | None:
        from dbos import DBOS

        found = DBOS.get_workflow_status(workflow_id)
        return WorkflowState(found.status, found.executor_id, found.queue_name) if found else None

    def is_ours(self, state: WorkflowState) -> bool:
        """Whether this life of the worker has the workflow, or will find it in its queue."""
        if state.name == "PENDING":
            return state.executor_id == self._executor_id
        return state.queue_name == self._queue


def _reserve(name: str) -> Step:
    from dbos import DBOS

    reservation = DBOS.reserve_step()

    def run(function: Callable[[], dict[str, str]]) -> dict[str, str]:
        return reservation.run({"name": name}, function)

    return run


def sqlite_engine(where: DatabaseUrl) -> Engine:
    engine = create_engine(where.url, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = "IMMEDIATE"  # what DBOS expects of an engine
        for pragma in ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine
