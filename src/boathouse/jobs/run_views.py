"""A run as it is looked at: a page of its tasks, never all of three thousand at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from boathouse.catalog import Privilege
from boathouse.foundation.principals import Principal
from boathouse.jobs.access import Access
from boathouse.jobs.again.repairs import RepairRepository
from boathouse.jobs.executing.iterations import IterationRepository
from boathouse.jobs.git.snapshots import GitSnapshots
from boathouse.jobs.records import Repair, Run, TaskRun
from boathouse.jobs.repository import RunRepository, TaskPage


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with some of its tasks, or a for-each task with some of its iterations."""

    run: Run
    tasks: Sequence[TaskRun]
    next_offset: int | None
    """Where the next page begins, if there is one."""
    loop: TaskRun | None = None
    """The for-each task that was asked for."""
    stats: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """How far each for-each among the tasks is, by its key."""
    repairs: Sequence[Repair] = ()
    is_first: bool = True
    """Whether it is the first page. Lists that ended there are empty on the others: clients join them."""


class RunViews:
    """Looks at runs for a principal."""

    def __init__(
        self,
        access: Access,
        runs: RunRepository,
        iterations: IterationRepository,
        repairs: RepairRepository,
        snapshots: GitSnapshots,
    ) -> None:
        self._access = access
        self._runs = runs
        self._iterations = iterations
        self._repairs = repairs
        self._snapshots = snapshots

    def look(
        self, principal: Principal, run_id: int, *, limit: int | None, offset: int = 0, with_history: bool = False
    ) -> RunView:
        """A page of a run's tasks; of the iterations, when the id is that of a for-each task's run."""
        with self._access.verb(principal, "getRun", None, run_id=run_id):
            run = self._snapshots.on(self._access.head(principal, Privilege.VIEW_JOB, run_id))
            asked = self._runs.find_task(run_id) if run.run_id != run_id else None
            loop = asked if asked and run.definition_of(asked).for_each_task is not None else None
            size = limit if limit is not None else _ALL
            page = TaskPage(size + 1, offset, loop.task_key if loop else None, with_history)
            found = self._runs.task_page(run.run_id, page)
            shown = found[:size]
            loops = [task for task in shown if run.definition_of(task).for_each_task is not None]
            keys = [task.task_key for task in ([loop] if loop else loops)]
            stats = self._iterations.stats(run.run_id, keys) if keys else {}
            repairs = self._repairs.of(run.run_id) if with_history and not offset else ()
            following = offset + size if len(found) > size else None
            return RunView(run, shown, following, loop, stats, repairs, is_first=not offset)

    def matrix(
        self, principal: Principal, job_id: int, *, limit: int = 25, before: int | None = None, most_tasks: int = 200
    ) -> Sequence[Run]:
        """Runs of a job, newest first, each with the states of its first tasks; ``before`` is the run id that the
        previous page ended with."""
        with self._access.verb(principal, "listRuns", job_id):
            self._access.job(principal, Privilege.VIEW_JOB, job_id)
            runs = self._runs.list(job_ids=[job_id], limit=limit, before=before)
            tasks = self._runs.tasks_of([run.run_id for run in runs], most_tasks)
            return [replace(run, tasks=tuple(tasks.get(run.run_id, ()))) for run in runs]

    def with_tasks(self, run: Run, limit: int | None) -> Run:
        """A listed run, which the principal may see, with its first tasks."""
        page = TaskPage(limit if limit is not None else _ALL)
        return replace(run, tasks=tuple(self._runs.task_page(run.run_id, page)))


_ALL = 1_000_000
