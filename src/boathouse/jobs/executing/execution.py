"""Executes one run: its tasks in the order of the graph, each process as a durable step."""

from collections.abc import Callable

from boathouse.foundation.clock import epoch_ms
from boathouse.jobs.again.repairs import RepairRepository
from boathouse.jobs.executing.attempts import park
from boathouse.jobs.executing.graph_execution import GraphExecution, Parts, Step
from boathouse.jobs.executing.run_results import final_state
from boathouse.jobs.executing.watching import StopReason, Watch
from boathouse.jobs.records import Run

ReserveStep = Callable[[str], Step]


class RunExecution:
    """Executes runs for a worker."""

    def __init__(self, parts: Parts, repairs: RepairRepository, watch: Watch, executor_id: str) -> None:
        self._parts = parts
        self._repairs = repairs
        self._watch = watch
        self._executor_id = executor_id

    def execute(self, run_id: int, reserve: ReserveStep) -> None:
        """Do what is left of a run. Steps are reserved in the order of the tasks, so that each life of the run finds
        the results of the ones before."""
        if not self._parts.runs.start(run_id, self._executor_id, self._now()):
            park()  # its new worker goes on with the workflow, which therefore must not end here
        run = self._parts.runs.find(run_id)
        if run is None or run.state.life_cycle.is_final:
            return
        steps = {task.task_key: reserve(task.task_key) for task in run.settings.tasks}
        with self._watch.over(run_id, self._deadline(run)) as control:
            if run.cancel_requested_at is not None:
                control.stop(StopReason.CANCELED)
            outcomes = GraphExecution(self._parts, run, control, steps).go()
            reason = control.reason
        self._parts.runs.finish(run_id, self._executor_id, final_state(run, outcomes, reason), self._now())

    def _deadline(self, run: Run) -> float | None:
        if not run.settings.timeout_seconds:
            return None
        return self._repairs.began_at(run) / 1000 + run.settings.timeout_seconds

    def _now(self) -> int:
        return epoch_ms(self._parts.clock.now())
