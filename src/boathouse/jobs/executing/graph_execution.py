"""One life of one run: starts what the schedule gives, waits, and tells the schedule what came of it.

Tasks that are processes go to a pool of threads. Conditions are answered at once. For-each tasks and tasks that wait
for another run hold no thread: they are looked at between two waits. What has ended is in the task's row, so another
life of the run begins where this one stopped.
"""

import contextvars
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.jobs.executing.attempts import TaskRunner, may_retry, park, stopped
from boathouse.jobs.executing.child_runs import ChildRuns
from boathouse.jobs.executing.instant_tasks import InstantTasks
from boathouse.jobs.executing.iterations import IterationRepository
from boathouse.jobs.executing.scheduling import Schedule
from boathouse.jobs.executing.watching import RunControl, StopReason
from boathouse.jobs.records import Outcome, Run, TaskRun
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.settings import Task
from boathouse.jobs.states import ResultState

Step = Callable[[Callable[[], dict[str, str]]], dict[str, str]]
"""Runs a function once and for all: when its result is known from an earlier life, that is what it gives back."""

_LOOK_SECONDS = 0.1
"""Between two looks at runs that tasks wait for, and at requests to stop."""
_THREADS_THAT_WAIT = 16
"""Beside those that a worker has room for: a task between two attempts keeps its thread."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What all runs of a worker are executed with."""

    runs: RunRepository
    iterations: IterationRepository
    instant: InstantTasks
    runner: TaskRunner
    children: ChildRuns
    clock: Clock
    parallel: int
    """Tasks that the worker has room for."""


@dataclass(slots=True)
class _Loop:
    """A for-each task under way."""

    parent: TaskRun
    concurrency: int
    waiting: deque[TaskRun]
    control: RunControl
    active: int = 0
    failed: list[tuple[TaskRun, Outcome]] = field(default_factory=list[tuple[TaskRun, Outcome]])
    is_dropped: bool = False


@dataclass(slots=True)
class _Child:
    """A task that waits for another run, or for its next attempt at one."""

    task_run: TaskRun
    ends_at: float | None
    run_id: int | None
    starts_at: float = 0.0
    reason: StopReason | None = None


class GraphExecution:
    """Executes the graph of one run."""

    def __init__(self, parts: Parts, run: Run, control: RunControl, steps: Mapping[str, Step]) -> None:
        self._parts = parts
        self._run = run
        self._control = control
        self._steps = steps
        self._tasks = {task.task_key: task for task in run.tasks}
        known = {key: outcome for key, task in self._tasks.items() if (outcome := task.outcome)}
        self._schedule = Schedule(run.settings.tasks, known)
        self._processes: deque[TaskRun] = deque()
        self._running: dict[Future[Outcome], TaskRun] = {}
        self._loops: dict[str, _Loop] = {}
        self._children: dict[int, _Child] = {}
        self._is_dropped = False

    def go(self) -> dict[str, Outcome]:
        """Do everything that is left. When the worker is stopped this never returns."""
        room = self._parts.parallel + _THREADS_THAT_WAIT
        with ThreadPoolExecutor(max_workers=room, thread_name_prefix="task") as pool:
            while True:
                self._heed_control()
                self._start_what_is_ready()
                while self._processes and len(self._running) < room:
                    self._submit(pool, self._processes.popleft())
                if not (self._running or self._loops or self._children):
                    return self._schedule.outcomes
                self._wait()

    # Starting

    def _start_what_is_ready(self) -> None:
        """Also what becomes ready by what ends at once."""
        progress = True
        while progress:
            self._keep_passed_over()
            progress = False
            while (key := self._schedule.next()) is not None:
                self._start(self._tasks[key])
                progress = True
            for loop in list(self._loops.values()):
                while loop.waiting and loop.active < loop.concurrency:
                    loop.active += 1
                    self._start(loop.waiting.popleft())
                    progress = True
                self._end_loop_if_done(loop)
                progress = progress or loop.parent.task_key not in self._loops

    def _start(self, task_run: TaskRun) -> None:
        task = self._run.definition_of(task_run)
        try:
            if task.condition_task is not None:
                self._ended(task_run, self._parts.instant.decide(self._run, task_run))
            elif task.for_each_task is not None:
                self._begin_loop(task_run, task)
            elif task.run_job_task is not None:
                self._begin_child(task_run, task)
            else:
                self._processes.append(task_run)
        except (BoathouseError, ValueError) as error:
            outcome = Outcome(ResultState.FAILED, str(error)[:1000])
            self._keep(task_run, outcome)
            self._ended(task_run, outcome)

    def _submit(self, pool: ThreadPoolExecutor, task_run: TaskRun) -> None:
        control = self._loops[task_run.for_each].control if task_run.for_each else self._control

        def work() -> dict[str, str]:
            return self._parts.runner.run(self._run, task_run, control).to_json()

        step = self._steps.get(task_run.task_key) if task_run.for_each is None else None

        def run() -> Outcome:
            return Outcome.from_json(step(work) if step else work())

        self._running[pool.submit(contextvars.copy_context().run, run)] = task_run

    def _begin_loop(self, parent: TaskRun, task: Task) -> None:
        iterations = self._parts.instant.begin_loop(self._run, parent)
        concurrency = task.for_each_task.concurrency if task.for_each_task else 1
        control = RunControl(self._run.run_id, self._deadline(parent, task), StopReason.TASK_TIMEDOUT)
        loop = _Loop(parent, concurrency, deque(), control)
        for iteration in iterations:
            outcome = iteration.outcome
            if outcome is None:
                loop.waiting.append(iteration)
            elif outcome.result not in _FINE:
                loop.failed.append((iteration, outcome))
        self._loops[parent.task_key] = loop
        self._control.attach(control)

    def _begin_child(self, task_run: TaskRun, task: Task) -> None:
        found = self._parts.runs.find_task(task_run.task_run_id) or task_run
        known = self._parts.instant.with_answers(self._run, found)
        run_id = found.child_run_id or self._parts.children.start(self._run, known)
        self._children[task_run.task_run_id] = _Child(known, self._deadline(found, task), run_id)

    # Waiting

    def _wait(self) -> None:
        if not self._running:
            time.sleep(_LOOK_SECONDS)
        done, _ = wait(self._running, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            self._ended(self._running.pop(future), future.result())
        if self._children:
            self._look_at_children()

    def _look_at_children(self) -> None:
        now = time.time()
        for child in list(self._children.values()):
            if child.reason is None and child.ends_at is not None and now >= child.ends_at:
                self._stop_child(child, StopReason.TASK_TIMEDOUT)
            if child.run_id is None and child.reason is None and now >= child.starts_at:
                self._start_again(child)
        by_run = {child.run_id: child for child in self._children.values() if child.run_id is not None}
        for run_id, outcome in self._parts.children.outcomes(by_run).items():
            self._child_ended(by_run[run_id], outcome)

    def _child_ended(self, child: _Child, outcome: Outcome) -> None:
        task = self._run.definition_of(child.task_run)
        if child.reason is not None:
            outcome = stopped(child.reason, task.timeout_seconds)
        failures = child.task_run.attempt - child.task_run.first_attempt + 1
        if child.reason is None and may_retry(task, outcome, failures):
            self._parts.children.begin_again(child.task_run, outcome.message)
            child.task_run = replace(child.task_run, attempt=child.task_run.attempt + 1)
            child.run_id = None
            child.starts_at = time.time() + task.min_retry_interval_millis / 1000
            return
        del self._children[child.task_run.task_run_id]
        self._keep(child.task_run, outcome)
        self._ended(child.task_run, outcome)

    def _start_again(self, child: _Child) -> None:
        try:
            child.run_id = self._parts.children.start(self._run, child.task_run)
        except BoathouseError as error:
            self._child_ended(child, Outcome(ResultState.FAILED, str(error)[:1000]))

    # Ending

    def _ended(self, task_run: TaskRun, outcome: Outcome) -> None:
        if task_run.for_each is None:
            self._schedule.end(task_run.task_key, outcome)
            return
        loop = self._loops[task_run.for_each]
        loop.active -= 1
        if outcome.result not in _FINE:
            loop.failed.append((task_run, outcome))

    def _end_loop_if_done(self, loop: _Loop) -> None:
        if loop.active or loop.waiting:
            return
        del self._loops[loop.parent.task_key]
        self._control.detach(loop.control)
        outcome = self._outcome_of(loop)
        self._keep(loop.parent, outcome)
        self._schedule.end(loop.parent.task_key, outcome)

    def _outcome_of(self, loop: _Loop) -> Outcome:
        if (reason := loop.control.reason) is not None and loop.failed:
            return stopped(reason, self._run.definition_of(loop.parent).timeout_seconds)
        if not loop.failed:
            return Outcome(ResultState.SUCCESS)
        first, why = min(loop.failed, key=lambda each: each[0].iteration or 0)
        shown = (first.input or "")[:100]
        message = f"{len(loop.failed)} of its iterations failed; iteration {first.iteration} ({shown}): {why.message}"
        return Outcome(ResultState.FAILED, message[:1000])

    def _keep(self, task_run: TaskRun, outcome: Outcome) -> None:
        self._parts.runs.end_tasks({task_run.task_run_id: outcome}, self._now())

    def _keep_passed_over(self) -> None:
        if found := self._schedule.passed_over():
            by_id = {self._tasks[key].task_run_id: outcome for key, outcome in found.items()}
            self._parts.runs.end_tasks(by_id, self._now())

    # Stopping

    def _heed_control(self) -> None:
        """Stop what has not started when the run is stopped; what runs is stopped by the watch."""
        reason = self._control.reason
        if reason is StopReason.SHUTDOWN:
            park()
        if reason is not None and not self._is_dropped:
            self._is_dropped = True
            self._drop(reason)
        for loop in list(self._loops.values()):
            if (why := loop.control.reason) is not None and not loop.is_dropped:
                loop.is_dropped = True
                self._drop_iterations(loop, why)

    def _drop(self, reason: StopReason) -> None:
        self._keep_passed_over()
        outcome = stopped(reason, self._run.settings.timeout_seconds)
        blocked = Outcome(ResultState.UPSTREAM_CANCELED, "A task before it was stopped.")
        found = self._schedule.drop(ready=outcome, blocked=blocked)
        dropped = {self._tasks[key].task_run_id: each for key, each in found.items()}
        waiting = [task_run for task_run in self._processes if task_run.for_each is None]
        dropped |= {task_run.task_run_id: outcome for task_run in waiting}
        self._parts.runs.end_tasks(dropped, self._now())
        for task_run in waiting:
            self._schedule.end(task_run.task_key, outcome)
        self._processes = deque(task_run for task_run in self._processes if task_run.for_each is not None)
        for child in list(self._children.values()):
            self._stop_child(child, reason)

    def _drop_iterations(self, loop: _Loop, reason: StopReason) -> None:
        """Start no more of them; its control stops those under way."""
        key = loop.parent.task_key
        outcome = stopped(reason, self._run.definition_of(loop.parent).timeout_seconds)
        queued = [task_run for task_run in self._processes if task_run.for_each == key]
        self._processes = deque(task_run for task_run in self._processes if task_run.for_each != key)
        loop.active -= len(queued)
        dropped = [*loop.waiting, *queued]
        loop.waiting.clear()
        loop.failed += [(task_run, outcome) for task_run in dropped]
        self._parts.runs.end_tasks({task_run.task_run_id: outcome for task_run in dropped}, self._now())
        for child in list(self._children.values()):
            if child.task_run.for_each == key:
                self._stop_child(child, reason)

    def _stop_child(self, child: _Child, reason: StopReason) -> None:
        child.reason = child.reason or reason
        if child.run_id is None:
            self._child_ended(child, Outcome(ResultState.CANCELED))
        else:
            self._parts.children.cancel([child.run_id])

    def _deadline(self, task_run: TaskRun, task: Task) -> float | None:
        began = task_run.started_at or self._now()
        return began / 1000 + task.timeout_seconds if task.timeout_seconds else None

    def _now(self) -> int:
        return epoch_ms(self._parts.clock.now())


_FINE = frozenset({ResultState.SUCCESS, ResultState.EXCLUDED, ResultState.DISABLED})
