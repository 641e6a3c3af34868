"""What the outcomes of its tasks make of a run. The last tasks of the graph decide."""

from collections.abc import Mapping

from boathouse.jobs.executing.run_if import CANCELLED, FAILED
from boathouse.jobs.executing.watching import StopReason
from boathouse.jobs.records import Outcome, Run, State
from boathouse.jobs.states import LifeCycleState, ResultState


def final_state(run: Run, outcomes: Mapping[str, Outcome], reason: StopReason | None) -> State:
    """The state in which the run ends."""
    bad = {key: outcome for key, outcome in outcomes.items() if outcome.result in FAILED | CANCELLED}
    if not bad:
        return State(LifeCycleState.TERMINATED, ResultState.SUCCESS)
    if reason is StopReason.RUN_TIMEDOUT:
        message = f"The run took longer than its {run.settings.timeout_seconds} s."
        return State(LifeCycleState.TERMINATED, ResultState.TIMEDOUT, message)
    if reason is StopReason.CANCELED:
        return State(LifeCycleState.TERMINATED, ResultState.CANCELED, "The run was cancelled.")
    message = _first_failure(bad)
    followed = {needed.task_key for task in run.settings.tasks for needed in task.depends_on}
    if bad.keys() <= followed:
        return State(LifeCycleState.TERMINATED, ResultState.SUCCESS_WITH_FAILURES, message)
    return State(LifeCycleState.INTERNAL_ERROR, ResultState.FAILED, message)


def _first_failure(bad: Mapping[str, Outcome]) -> str:
    upstream = (ResultState.UPSTREAM_FAILED, ResultState.UPSTREAM_CANCELED)
    key, outcome = next(
        ((key, each) for key, each in bad.items() if each.result not in upstream), next(iter(bad.items()))
    )
    how = "took too long" if outcome.result is ResultState.TIMEDOUT else "failed"
    skipped = sum(each.result is ResultState.UPSTREAM_FAILED for each in bad.values())
    after = f" {skipped} task{'' if skipped == 1 else 's'} after it did not run." if skipped else ""
    why = outcome.message if not after or outcome.message.endswith((".", "!", "?")) else f"{outcome.message}."
    return f"Task {key} {how} with message: {why}{after}"
