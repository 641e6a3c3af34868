"""Which task of a run is next. Knows nothing of processes; each task is looked at once for each task before it."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from boathouse.jobs.executing.run_if import outcome_before
from boathouse.jobs.records import Outcome
from boathouse.jobs.settings import Task


class Schedule:
    """The tasks of a run with what is known of them; ``outcomes`` holds those that an earlier life of it has ended.

    Example:
        schedule = Schedule(settings.tasks, {})
        while (key := schedule.next()) is not None:
            schedule.end(key, do(key))
    """

    def __init__(self, tasks: Sequence[Task], outcomes: Mapping[str, Outcome]) -> None:
        self._tasks = {task.task_key: task for task in tasks}
        self.outcomes = dict(outcomes)
        self._after: dict[str, list[str]] = {key: [] for key in self._tasks}
        self._missing: dict[str, int] = {}
        self._ready: deque[str] = deque()
        self._passed_over: dict[str, Outcome] = {}
        for task in tasks:
            if task.task_key in self.outcomes:
                continue
            needed = {each.task_key for each in task.depends_on} - self.outcomes.keys()
            self._missing[task.task_key] = len(needed)
            for key in needed:
                self._after[key].append(task.task_key)
        self._settle([key for key, missing in self._missing.items() if not missing])

    def next(self) -> str | None:
        """A task that can start now; None when there is none (so far)."""
        return self._ready.popleft() if self._ready else None

    def passed_over(self) -> dict[str, Outcome]:
        """Tasks that were found not to run since this was last asked."""
        found, self._passed_over = self._passed_over, {}
        return found

    def end(self, key: str, outcome: Outcome) -> None:
        """Say how a task ended."""
        self.outcomes[key] = outcome
        self._settle(self._released_by(key))

    def drop(self, *, ready: Outcome, blocked: Outcome) -> dict[str, Outcome]:
        """Give every task that has not started an outcome: the run is being stopped."""
        dropped = dict.fromkeys(self._ready, ready)
        started = self._tasks.keys() - self._missing.keys()
        dropped |= {key: blocked for key in self._tasks if key not in started and key not in dropped}
        self.outcomes |= dropped
        self._ready.clear()
        self._missing.clear()
        return dropped

    def _settle(self, keys: Iterable[str]) -> None:
        """Look at tasks of which everything before has ended; those that do not run release others in turn."""
        pending = deque(keys)
        while pending:
            key = pending.popleft()
            del self._missing[key]
            task = self._tasks[key]
            before = [(each.task_key, self.outcomes[each.task_key]) for each in task.depends_on]
            outcome = outcome_before(task, before)
            if outcome is None:
                self._ready.append(key)
                continue
            self.outcomes[key] = self._passed_over[key] = outcome
            pending.extend(self._released_by(key))

    def _released_by(self, key: str) -> list[str]:
        released: list[str] = []
        for after in self._after[key]:
            if after in self._missing:
                self._missing[after] -= 1
                if not self._missing[after]:
                    released.append(after)
        return released
