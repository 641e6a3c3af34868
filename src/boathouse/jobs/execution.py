"""Executes one run: its tasks in the order of the graph, each as a durable step."""

import contextvars
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.jobs.attempts import TaskRunner
from boathouse.jobs.graph import dependencies
from boathouse.jobs.records import Outcome, Run, State
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.jobs.watching import RunControl, StopReason, Watch

log = logging.getLogger(__name__)

Step = Callable[[Callable[[], dict[str, str]]], dict[str, str]]
"""Runs a function once and for all: when its result is known from an earlier life, that is what it gives back."""
ReserveStep = Callable[[str], Step]


class RunExecution:
    """Executes runs for a worker."""

    def __init__(
        self, runs: RunRepository, runner: TaskRunner, watch: Watch, clock: Clock, executor_id: str, parallel: int
    ) -> None:
        self._runs = runs
        self._runner = runner
        self._watch = watch
        self._clock = clock
        self._executor_id = executor_id
        self._parallel = parallel

    def execute(self, run_id: int, reserve: ReserveStep) -> None:
        """Do what is left of a run. Steps are reserved in the order of the tasks, so that each life of the run finds
        the results of the ones before."""
        self._runs.start(run_id, self._executor_id, epoch_ms(self._clock.now()))
        run = self._runs.find(run_id)
        if run is None or run.state.life_cycle.is_final:
            return
        steps = {task.task_key: reserve(task.task_key) for task in run.settings.tasks}
        with self._watch.over(run_id, _deadline(run)) as control:
            if run.cancel_requested_at is not None:
                control.stop(StopReason.CANCELED)
            outcomes = self._run_graph(run, steps, control)
            reason = control.reason
        state = final_state(run, outcomes, reason)
        self._runs.finish(run_id, self._executor_id, state, epoch_ms(self._clock.now()))

    def _run_graph(self, run: Run, steps: Mapping[str, Step], control: RunControl) -> dict[str, Outcome]:
        waits_for = dependencies(run.settings.tasks)
        outcomes: dict[str, Outcome] = {}
        running: dict[Future[Outcome], str] = {}
        begun: set[str] = set()
        with ThreadPoolExecutor(max_workers=min(self._parallel, len(steps)), thread_name_prefix="task") as pool:
            while True:
                self._settle_blocked(run, waits_for, outcomes)
                for key, needed in waits_for.items():
                    if key not in begun and key not in outcomes and needed <= outcomes.keys():
                        begun.add(key)
                        context = contextvars.copy_context()
                        running[pool.submit(context.run, self._run_task, run, key, steps[key], control)] = key
                if not running:
                    return outcomes
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    outcomes[running.pop(future)] = future.result()

    def _run_task(self, run: Run, key: str, step: Step, control: RunControl) -> Outcome:
        return Outcome.from_json(step(lambda: self._runner.run(run, key, control).to_json()))

    def _settle_blocked(self, run: Run, waits_for: Mapping[str, frozenset[str]], outcomes: dict[str, Outcome]) -> None:
        """Give tasks whose upstream did not succeed their outcome, all the way down."""
        while True:
            found = {
                key: outcome
                for key, needed in waits_for.items()
                if key not in outcomes and (outcome := _blocked(needed, outcomes))
            }
            if not found:
                return
            self._runs.end_tasks(run.run_id, found, epoch_ms(self._clock.now()))
            outcomes |= found


def final_state(run: Run, outcomes: Mapping[str, Outcome], reason: StopReason | None) -> State:
    """What the outcomes of the tasks make of the run."""
    if all(outcome.result is ResultState.SUCCESS for outcome in outcomes.values()):
        return State(LifeCycleState.TERMINATED, ResultState.SUCCESS)
    if reason is StopReason.RUN_TIMEDOUT:
        message = f"The run took longer than its {run.settings.timeout_seconds} s."
        return State(LifeCycleState.TERMINATED, ResultState.TIMEDOUT, message)
    if reason is StopReason.CANCELED:
        return State(LifeCycleState.TERMINATED, ResultState.CANCELED, "The run was cancelled.")
    key, outcome = next(
        (key, outcome)
        for key, outcome in outcomes.items()
        if outcome.result not in (ResultState.SUCCESS, ResultState.UPSTREAM_FAILED, ResultState.UPSTREAM_CANCELED)
    )
    how = "took too long" if outcome.result is ResultState.TIMEDOUT else "failed"
    skipped = sum(each.result is ResultState.UPSTREAM_FAILED for each in outcomes.values())
    after = f" {skipped} task{'' if skipped == 1 else 's'} after it did not run." if skipped else ""
    return State(
        LifeCycleState.INTERNAL_ERROR, ResultState.FAILED, f"Task {key} {how} with message: {outcome.message}{after}"
    )


def _blocked(needed: frozenset[str], outcomes: Mapping[str, Outcome]) -> Outcome | None:
    bad = {key: outcomes[key].result for key in sorted(needed) if key in outcomes}
    cancelled = (ResultState.CANCELED, ResultState.UPSTREAM_CANCELED)
    for key, result in bad.items():
        if result in cancelled:
            return Outcome(ResultState.UPSTREAM_CANCELED, f"The task {key} before it was cancelled.")
        if result is not ResultState.SUCCESS:
            return Outcome(ResultState.UPSTREAM_FAILED, f"The task {key} before it did not succeed.")
    return None


def _deadline(run: Run) -> float | None:
    if not run.settings.timeout_seconds:
        return None
    return (run.started_at or run.created_at) / 1000 + run.settings.timeout_seconds
