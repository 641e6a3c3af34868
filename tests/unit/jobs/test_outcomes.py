"""What the outcomes of tasks make of a run, and how states are shown."""

import pytest

from boathouse.jobs import read_job, wire
from boathouse.jobs.executing.run_results import final_state
from boathouse.jobs.executing.watching import StopReason
from boathouse.jobs.records import Outcome, Run, State, TaskRun
from boathouse.jobs.states import LifeCycleState, ResultState

SUCCESS = Outcome(ResultState.SUCCESS)


def run_of(state: State) -> Run:
    settings = read_job(
        {"tasks": [{"task_key": "a", "spark_python_task": {"python_file": "a.py"}}], "timeout_seconds": 5}
    )
    task = TaskRun(2, 1, "a", 0, state, started_at=20, ended_at=50, peak_memory_bytes=7, cpu_seconds=0.5)
    return Run(1, 9, "n", settings, state, "ada", "ada", 10, 1, started_at=15, ended_at=60, tasks=(task,))


@pytest.mark.parametrize(
    ("outcomes", "reason", "expected"),
    [
        ({"a": SUCCESS}, None, (LifeCycleState.TERMINATED, ResultState.SUCCESS, "")),
        ({"a": SUCCESS}, StopReason.CANCELED, (LifeCycleState.TERMINATED, ResultState.SUCCESS, "")),
        (
            {"a": Outcome(ResultState.FAILED, "boom"), "b": Outcome(ResultState.UPSTREAM_FAILED)},
            None,
            (
                LifeCycleState.INTERNAL_ERROR,
                ResultState.FAILED,
                "Task a failed with message: boom. 1 task after it did not run.",
            ),
        ),
        (
            {"a": Outcome(ResultState.CANCELED)},
            StopReason.CANCELED,
            (LifeCycleState.TERMINATED, ResultState.CANCELED, "The run was cancelled."),
        ),
        (
            {"a": Outcome(ResultState.TIMEDOUT)},
            StopReason.RUN_TIMEDOUT,
            (LifeCycleState.TERMINATED, ResultState.TIMEDOUT, "The run took longer than its 5 s."),
        ),
    ],
)
def test_a_run_ends_as_its_tasks_did(outcomes, reason, expected) -> None:
    state = final_state(run_of(State(LifeCycleState.RUNNING)), outcomes, reason)

    assert (state.life_cycle, state.result, state.message) == expected


def test_both_spellings_of_a_state_are_sent() -> None:
    shown = wire.run_json(run_of(State(LifeCycleState.INTERNAL_ERROR, ResultState.FAILED, "why")), "http://x")

    assert shown["state"] == {
        "life_cycle_state": "INTERNAL_ERROR",
        "result_state": "FAILED",
        "state_message": "why",
        "user_cancelled_or_timedout": False,
    }
    assert shown["status"]["state"] == "TERMINATED"
    assert shown["status"]["termination_details"]["code"] == "RUN_EXECUTION_ERROR"
    assert (shown["queue_duration"], shown["run_duration"]) == (5, 50)
    assert (shown["tasks"][0]["peak_memory_bytes"], shown["tasks"][0]["cpu_seconds"]) == (7, 0.5)


@pytest.mark.parametrize("state", LifeCycleState)
def test_every_state_is_one_that_the_sdk_knows(state: LifeCycleState) -> None:
    from databricks.sdk.service import jobs

    run = jobs.Run.from_dict(wire.run_json(run_of(State(state, ResultState.SUCCESS)), "http://x"))

    assert run.state is not None and run.state.life_cycle_state is not None
    assert run.status is not None and run.status.state is not None
    assert run.status.termination_details is not None and run.status.termination_details.code is not None
