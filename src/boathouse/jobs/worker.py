"""A worker: takes queued runs and executes each as a durable DBOS workflow."""

import logging
import os
import threading
import time
from dataclasses import dataclass

from boathouse.catalog.identities import Identities
from boathouse.environments import Environments
from boathouse.foundation.clock import Clock, SystemClock, epoch_ms
from boathouse.foundation.home import Home
from boathouse.jobs.attempts import TaskRunner, TaskSettings
from boathouse.jobs.durable import Durable
from boathouse.jobs.execution import ReserveStep, RunExecution
from boathouse.jobs.leases import RENEW_SECONDS, LeaseLost, Leases, SlotName
from boathouse.jobs.records import State
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.jobs.watching import Watch
from boathouse.metastore import Database, DatabaseUrl

log = logging.getLogger(__name__)

_CLAIM_SECONDS = 0.1
"""How often a worker looks for queued runs: one indexed read."""
_MOST_RUNS = 32
"""Runs that a worker has open at a time; their tasks share its slots."""
_STOP_SECONDS = 12


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker has to be told."""

    url: str
    """Of the control plane, for the tasks."""
    dbos: DatabaseUrl
    slots: int = 4
    """Tasks side by side."""
    hooks: str = ""
    """``module:function`` of what every task calls first, with commas between."""
    grace_seconds: float = 5.0


class Worker:
    """Executes runs until it is stopped.

    Example:
        worker = Worker(database, catalog.identities, environments, home, WorkerSettings(url, dbos_url))
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        worker.run_forever()
    """

    def __init__(
        self,
        database: Database,
        identities: Identities,
        environments: Environments,
        home: Home,
        settings: WorkerSettings,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._settings = settings
        self._runs = RunRepository(database)
        self._leases = Leases(database, self._clock)
        self._name = SlotName(home)
        self.executor_id = self._name.executor_id
        self._watch = Watch(self._runs.cancel_requests)
        task_settings = TaskSettings(self.executor_id, settings.url, settings.hooks, settings.grace_seconds)
        slots = threading.Semaphore(settings.slots)
        self._runner = TaskRunner(self._runs, identities, environments, home, self._clock, slots, task_settings)
        self._execution = RunExecution(
            self._runs, self._runner, self._watch, self._clock, self.executor_id, parallel=settings.slots
        )
        self._durable = Durable(settings.dbos, self.executor_id, self._execute)
        self._open: set[int] = set()
        self._open_lock = threading.Lock()
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Take no more work, stop what is running, and leave; may be called from a signal handler."""
        self._stopping.set()

    def run_forever(self) -> None:
        """Work until stopped. The process ends with it: steps in flight must not look like results.

        Raises:
            LeaseLost: Never; a worker that was taken over ends its tasks and leaves with exit code 1.
        """
        self._leases.acquire(self.executor_id)
        self._watch.start()
        self._durable.launch()
        log.info("Worker %s is ready for %s tasks at a time.", self.executor_id, self._settings.slots)
        code = 0
        try:
            self._work()
        except LeaseLost as error:
            log.error("%s", error)
            code = 1
        self._leave()
        os._exit(code)

    def _work(self) -> None:
        next_care = 0.0
        while not self._stopping.is_set():
            if time.monotonic() >= next_care:
                self._take_care()
                next_care = time.monotonic() + RENEW_SECONDS
            with self._open_lock:
                room = _MOST_RUNS - len(self._open)
            for run_id in self._runs.claim(self.executor_id, room) if room > 0 else ():
                self._start(run_id)
            self._stopping.wait(_CLAIM_SECONDS)

    def _take_care(self) -> None:
        """Renew our lease, take over from the dead, and see that every run of ours is really being worked on."""
        self._leases.renew(self.executor_id)
        self._leases.take_over(self.executor_id)
        with self._open_lock:
            idle = [run_id for run_id in self._runs.unfinished_of(self.executor_id) if run_id not in self._open]
        for run_id in idle:
            self._revive(run_id)

    def _revive(self, run_id: int) -> None:
        """See to a run of ours that nobody works on."""
        workflow_id = self._workflow_id(run_id)
        status = self._durable.status(workflow_id)
        if status is None:
            self._start(run_id)
        elif status.is_over:
            message = f"The run's workflow ended as {status.name} without a result; the worker's log says why."
            self._fail(run_id, message)
        elif status.name == "PENDING" and status.executor_id != self.executor_id:
            self._durable.resume(workflow_id)

    def _start(self, run_id: int) -> None:
        self._durable.start(self._workflow_id(run_id), run_id)

    def _execute(self, run_id: int, reserve: ReserveStep) -> None:
        """The workflow's body."""
        with self._open_lock:
            self._open.add(run_id)
        try:
            self._execution.execute(run_id, reserve)
        except Exception as error:
            log.exception("Run %s could not be executed.", run_id)
            self._fail(run_id, f"{type(error).__name__}: {error}")
            raise
        finally:
            with self._open_lock:
                self._open.discard(run_id)

    def _fail(self, run_id: int, message: str) -> None:
        state = State(LifeCycleState.INTERNAL_ERROR, ResultState.FAILED, message)
        self._runs.finish(run_id, self.executor_id, state, epoch_ms(self._clock.now()))

    def _workflow_id(self, run_id: int) -> str:
        """With the time of creation, so that a restored database never meets workflows of another past."""
        run = self._runs.find(run_id)
        return f"run-{run_id}-{run.created_at if run else 0}"

    def _leave(self) -> None:
        """Stop the tasks and wait until they are gone."""
        self._watch.shut_down()
        deadline = time.monotonic() + self._settings.grace_seconds + _STOP_SECONDS
        while self._runner.is_busy and time.monotonic() < deadline:
            time.sleep(0.02)
        self._leases.release(self.executor_id)
        log.info("Worker %s has stopped.", self.executor_id)
