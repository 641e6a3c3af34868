"""Whether a task runs, once every task before it has ended."""

from collections.abc import Sequence

from boathouse.jobs.records import Outcome
from boathouse.jobs.settings import RunIf, Task
from boathouse.jobs.states import ResultState

FAILED = frozenset({ResultState.FAILED, ResultState.TIMEDOUT, ResultState.UPSTREAM_FAILED})
CANCELLED = frozenset({ResultState.CANCELED, ResultState.UPSTREAM_CANCELED})


def outcome_before(task: Task, before: Sequence[tuple[str, Outcome]]) -> Outcome | None:
    """The outcome of a task that does not run; None when it does.

    ``before`` holds the outcomes of what it depends on, in the order of ``depends_on``. An excluded task counts as
    done; where nothing but excluded tasks came before, nothing comes after.
    """
    if task.disabled:
        return Outcome(ResultState.DISABLED, "The task is disabled.")
    results = [_as_seen(task, place, outcome) for place, (_, outcome) in enumerate(before)]
    if results and all(result is ResultState.EXCLUDED for result in results):
        return Outcome(ResultState.EXCLUDED, "Nothing before it ran.")
    if runs(task.run_if or RunIf.ALL_SUCCESS, results):
        return None
    return _not_run(task.run_if or RunIf.ALL_SUCCESS, [key for key, _ in before], results)


def runs(run_if: RunIf, results: Sequence[ResultState]) -> bool:
    """Whether the condition holds."""
    failed = [result in FAILED for result in results]
    fine = [result not in FAILED and result not in CANCELLED for result in results]
    match run_if:
        case RunIf.ALL_SUCCESS | RunIf.NONE_FAILED:
            return all(fine)
        case RunIf.AT_LEAST_ONE_SUCCESS:
            return any(fine) or not results
        case RunIf.ALL_DONE:
            return True
        case RunIf.AT_LEAST_ONE_FAILED:
            return any(failed) or not results
        case RunIf.ALL_FAILED:
            return all(failed)


def _as_seen(task: Task, place: int, outcome: Outcome) -> ResultState:
    """How the task before looks from here: the branch that was not taken is excluded."""
    wanted = task.depends_on[place].outcome
    if wanted is not None and outcome.result is ResultState.SUCCESS and outcome.answer != wanted:
        return ResultState.EXCLUDED
    return outcome.result


def _not_run(run_if: RunIf, keys: Sequence[str], results: Sequence[ResultState]) -> Outcome:
    for key, result in zip(keys, results, strict=True):
        if result in CANCELLED:
            return Outcome(ResultState.UPSTREAM_CANCELED, f"The task {key} before it was cancelled.")
    if run_if in (RunIf.AT_LEAST_ONE_FAILED, RunIf.ALL_FAILED):
        return Outcome(ResultState.EXCLUDED, f"Its run_if {run_if} does not hold.")
    key = next(key for key, result in zip(keys, results, strict=True) if result in FAILED)
    return Outcome(ResultState.UPSTREAM_FAILED, f"The task {key} before it did not succeed.")
