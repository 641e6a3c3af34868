"""The states of runs and tasks, in the words of the Databricks Jobs API."""

from enum import StrEnum


class LifeCycleState(StrEnum):
    """Where a run is on its way."""

    QUEUED = "QUEUED"
    """Nobody has taken it yet."""
    PENDING = "PENDING"
    """A worker has it; nothing of it has started."""
    BLOCKED = "BLOCKED"
    """A task that waits for others."""
    RUNNING = "RUNNING"
    WAITING_FOR_RETRY = "WAITING_FOR_RETRY"
    TERMINATING = "TERMINATING"
    """It was asked to stop."""
    TERMINATED = "TERMINATED"
    SKIPPED = "SKIPPED"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    """As on Databricks, a run of which a task failed ends here; that is what makes ``.result()`` raise."""

    @property
    def is_final(self) -> bool:
        return self in FINAL_STATES


FINAL_STATES = frozenset({LifeCycleState.TERMINATED, LifeCycleState.SKIPPED, LifeCycleState.INTERNAL_ERROR})
UNDER_WAY = tuple(state.value for state in LifeCycleState if not state.is_final and state is not LifeCycleState.QUEUED)
"""Of runs that a worker has and has not ended. Named one by one, because an index finds no "not in"."""


class ResultState(StrEnum):
    """How a run or a task ended."""

    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    TIMEDOUT = "TIMEDOUT"
    CANCELED = "CANCELED"
    UPSTREAM_FAILED = "UPSTREAM_FAILED"
    UPSTREAM_CANCELED = "UPSTREAM_CANCELED"
    EXCLUDED = "EXCLUDED"
    """A task whose branch was not taken; tasks after it see it as done."""
    DISABLED = "DISABLED"
    """A task that is switched off, or was not chosen for this run; tasks after it see it as done."""
    SUCCESS_WITH_FAILURES = "SUCCESS_WITH_FAILURES"
    """A run of which a task failed, but no last one."""
    MAXIMUM_CONCURRENT_RUNS_REACHED = "MAXIMUM_CONCURRENT_RUNS_REACHED"
    """A run that was skipped, because the job runs already and does not queue."""
    INTERRUPTED = "INTERRUPTED"
    """Ours, for an attempt only: its worker died or stopped; the task runs once more and no retry is used up."""


_STATUS_STATES = {
    LifeCycleState.QUEUED: "QUEUED",
    LifeCycleState.PENDING: "PENDING",
    LifeCycleState.BLOCKED: "BLOCKED",
    LifeCycleState.RUNNING: "RUNNING",
    LifeCycleState.WAITING_FOR_RETRY: "WAITING",
    LifeCycleState.TERMINATING: "TERMINATING",
}

_TERMINATION_CODES = {
    ResultState.SUCCESS: ("SUCCESS", "SUCCESS"),
    ResultState.FAILED: ("RUN_EXECUTION_ERROR", "CLIENT_ERROR"),
    ResultState.TIMEDOUT: ("RUN_EXECUTION_ERROR", "CLIENT_ERROR"),
    ResultState.CANCELED: ("USER_CANCELED", "CLIENT_ERROR"),
    ResultState.UPSTREAM_FAILED: ("SKIPPED", "CLIENT_ERROR"),
    ResultState.UPSTREAM_CANCELED: ("SKIPPED", "CLIENT_ERROR"),
    ResultState.EXCLUDED: ("SKIPPED", "SUCCESS"),
    ResultState.DISABLED: ("DISABLED", "SUCCESS"),
    ResultState.SUCCESS_WITH_FAILURES: ("SUCCESS_WITH_FAILURES", "SUCCESS"),
    ResultState.MAXIMUM_CONCURRENT_RUNS_REACHED: ("MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR"),
}


def status_state(state: LifeCycleState) -> str:
    """The state in the newer ``status`` field, which has fewer words."""
    return _STATUS_STATES.get(state, "TERMINATED")


def termination_code(result: ResultState) -> tuple[str, str]:
    """Code and type of the newer ``termination_details``."""
    return _TERMINATION_CODES.get(result, ("INTERNAL_ERROR", "INTERNAL_ERROR"))
