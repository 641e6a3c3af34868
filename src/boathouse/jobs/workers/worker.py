"""A worker: takes queued runs and executes each as a durable DBOS workflow."""

import logging
import os
import threading
import time
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from boathouse.catalog.law import Catalog
from boathouse.environments import Environments
from boathouse.foundation.clock import Clock, SystemClock, epoch_ms
from boathouse.foundation.errors import Unavailable
from boathouse.foundation.home import Home
from boathouse.jobs.again.repairs import RepairRepository
from boathouse.jobs.executing.attempts import TaskRunner, TaskSettings
from boathouse.jobs.executing.child_runs import ChildRuns
from boathouse.jobs.executing.durable import Durable
from boathouse.jobs.executing.execution import ReserveStep, RunExecution
from boathouse.jobs.executing.graph_execution import Parts
from boathouse.jobs.executing.instant_tasks import InstantTasks
from boathouse.jobs.executing.iterations import IterationRepository
from boathouse.jobs.executing.preparing import Preparation
from boathouse.jobs.executing.upstream import Upstream
from boathouse.jobs.executing.watching import Watch
from boathouse.jobs.git.checkouts import GitCheckouts
from boathouse.jobs.git.snapshots import GitSnapshots
from boathouse.jobs.records import State
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.service import Jobs
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.jobs.workers.fence import Fence
from boathouse.jobs.workers.heartbeat import Heartbeat
from boathouse.jobs.workers.leases import Leases
from boathouse.jobs.workers.slots import SlotName
from boathouse.metastore import Database, DatabaseUrl

log = logging.getLogger(__name__)

_CARE_SECONDS = 1.0
"""How often a worker looks for dead ones and for runs of its own that nobody works on."""
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
    preload: str = ""
    """Modules that the platform's own tasks need, with commas between."""
    grace_seconds: float = 5.0


class Worker:
    """Executes runs until it is stopped.

    Example:
        settings = WorkerSettings(url, dbos_url)
        worker = Worker(database, catalog, environments, home, settings)
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        worker.run_forever()
    """

    def __init__(
        self,
        database: Database,
        catalog: Catalog,
        environments: Environments,
        home: Home,
        settings: WorkerSettings,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._settings = settings
        self._runs = RunRepository(database)
        self._leases = Leases(database)
        self._name = SlotName(home)
        self.executor_id = self._name.executor_id
        self._others_may_share = not database.where.is_sqlite
        fence = Fence(self._leases.patience.fence_seconds, counts_sleep=self._others_may_share)
        self._heartbeat = Heartbeat(self._leases, self.executor_id, fence, self._lose)
        self._is_lost = False
        self._watch = Watch(self._runs.cancel_requests)
        task_settings = TaskSettings(
            self.executor_id, settings.url, settings.hooks, settings.preload, settings.grace_seconds
        )
        slots = threading.Semaphore(settings.slots)
        upstream = Upstream(database, settings.url)
        preparation = Preparation(catalog, environments, GitCheckouts(home), GitSnapshots(database))
        self._runner = TaskRunner(self._runs, upstream, catalog, preparation, home, self._clock, slots, task_settings)
        jobs, iterations = Jobs(database, catalog, home, self._clock), IterationRepository(database)
        parts = Parts(
            runs=self._runs,
            iterations=iterations,
            instant=InstantTasks(self._runs, iterations, upstream, self._clock),
            runner=self._runner,
            children=ChildRuns(database, self._runs, catalog.identities, jobs.run_now, self._clock),
            clock=self._clock,
            parallel=settings.slots,
        )
        self._execution = RunExecution(parts, RepairRepository(database), self._watch, self.executor_id)
        self._durable = Durable(settings.dbos, self.executor_id, self._execute)
        self._open: set[int] = set()
        self._open_lock = threading.Lock()
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Take no more work, stop what is running, and leave; may be called from a signal handler."""
        self._stopping.set()

    def run_forever(self) -> None:
        """Work until stopped. The process ends with it: steps in flight must not look like results.

        A worker that was taken over ends its tasks and leaves with exit code 1.
        """
        self._heartbeat.start()
        self._watch.start()
        self._durable.launch()
        log.info("Worker %s is ready for %s tasks at a time.", self.executor_id, self._settings.slots)
        next_care = 0.0
        while not self._stopping.is_set():
            try:
                if time.monotonic() >= next_care:
                    self._take_care()
                    next_care = time.monotonic() + _CARE_SECONDS
                self._claim()
            except (Unavailable, OperationalError) as error:
                log.warning("The database does not answer; trying again: %s", error)
                self._stopping.wait(_CARE_SECONDS)
            self._stopping.wait(_CLAIM_SECONDS)
        self._leave()
        os._exit(1 if self._is_lost else 0)

    def _lose(self) -> None:
        """Somebody else has what we held."""
        self._is_lost = True
        self._stopping.set()

    def _claim(self) -> None:
        with self._open_lock:
            room = _MOST_RUNS - len(self._open)
        for run_id in self._runs.claim(self.executor_id, room):
            self._start(run_id)

    def _take_care(self) -> None:
        """Take over from the dead, and see that every run of ours is really being worked on."""
        taken = self._leases.take_over(self.executor_id, self._is_dead)
        if taken:
            log.info("Worker %s goes on with the runs %s of a dead one.", self.executor_id, taken)
        with self._open_lock:
            idle = [run_id for run_id in self._runs.unfinished_of(self.executor_id) if run_id not in self._open]
        for run_id in idle:
            self._revive(run_id)

    def _is_dead(self, executor_id: str) -> bool:
        return self._name.is_dead(executor_id, others_may_share=self._others_may_share)

    def _revive(self, run_id: int) -> None:
        """See to a run of ours that nobody works on."""
        workflow_id = self._workflow_id(run_id)
        status = self._durable.status(workflow_id)
        if status is None:
            self._start(run_id)
        elif status.is_over:
            message = f"The run's workflow ended as {status.name} without a result; the worker's log says why."
            self._fail(run_id, message)
        elif not self._durable.is_ours(status):
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
        run = self._runs.head(run_id)
        life = f"run-{run_id}-{run.created_at if run else 0}"
        return f"{life}-{run.repair_count}" if run and run.repair_count else life

    def _leave(self) -> None:
        """Stop the tasks and wait until they are gone."""
        self._watch.shut_down()
        deadline = time.monotonic() + self._settings.grace_seconds + _STOP_SECONDS
        while self._runner.is_busy and time.monotonic() < deadline:
            time.sleep(0.02)
        self._heartbeat.stop()
        log.info("Worker %s has stopped.", self.executor_id)
