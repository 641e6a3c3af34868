"""What the worker does itself, without a process: answers conditions, and lays out the iterations of a for-each."""

import json
from collections.abc import Sequence
from dataclasses import replace

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.jobs.executing.conditions import holds
from boathouse.jobs.executing.iterations import IterationRepository
from boathouse.jobs.executing.loop_inputs import read_inputs
from boathouse.jobs.executing.upstream import Upstream
from boathouse.jobs.parameters import resolved_task
from boathouse.jobs.records import Outcome, Run, TaskRun
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.rows import ended, task_columns
from boathouse.jobs.states import ResultState


class InstantTasks:
    """Conditions and for-each tasks."""

    def __init__(self, runs: RunRepository, iterations: IterationRepository, upstream: Upstream, clock: Clock) -> None:
        self._runs = runs
        self._iterations = iterations
        self._upstream = upstream
        self._clock = clock

    def with_answers(self, run: Run, task_run: TaskRun) -> TaskRun:
        """The task run, knowing what its references to other tasks mean."""
        return replace(task_run, known=self._upstream.answers(run, task_run))

    def decide(self, run: Run, task_run: TaskRun) -> Outcome:
        """Answer a condition task.

        Raises:
            InvalidInput: What it compares as numbers is none, or a value that it refers to is not there.
        """
        now = epoch_ms(self._clock.now())
        condition = resolved_task(run, self.with_answers(run, task_run)).condition_task
        assert condition is not None
        answer = str(holds(condition.op, condition.left, condition.right)).lower()
        outcome = Outcome(ResultState.SUCCESS, answer=answer)
        resolved = json.dumps({"left": condition.left, "right": condition.right}, ensure_ascii=False)
        columns = task_columns(ended(outcome), started_at=now, ended_at=now, result=answer, resolved=resolved)
        self._runs.begin_and_end(task_run, columns, now)
        return outcome

    def begin_loop(self, run: Run, parent: TaskRun) -> Sequence[TaskRun]:
        """The iterations of a for-each task, laid out now or by an earlier life of the run.

        Raises:
            NoInputs: The inputs are no JSON array, or too many.
        """
        if parent.resolved is None:
            loop = resolved_task(run, self.with_answers(run, parent)).for_each_task
            assert loop is not None
            self._iterations.begin(parent, loop, read_inputs(loop.inputs), epoch_ms(self._clock.now()))
        return self._iterations.of(parent)
