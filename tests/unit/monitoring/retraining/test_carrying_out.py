"""Carrying decisions out: trial, training, judgement; and what dies in between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.models.ground import MODEL
from tests.unit.monitoring.retraining.desk import TRAINING

from boathouse.jobs import read_job
from boathouse.jobs.states import ResultState
from boathouse.monitoring.retraining import repository as rows
from boathouse.monitoring.retraining.candidates import Judged
from boathouse.monitoring.retraining.carrying_out import benefit_of
from boathouse.monitoring.retraining.nouns import Brake, Choice, State

if TYPE_CHECKING:
    from tests.unit.monitoring.retraining.desk import Desk

    from boathouse.monitoring.retraining.nouns import Decision

GOOD = {"metric": "log_loss", "improvement": 0.02, "lower": 0.01, "upper": 0.03, "champion": 1, "rows": 900}
BAD = {**GOOD, "improvement": 0.001, "lower": -0.004, "upper": 0.006}


def asked(desk: Desk, **benefit: Any) -> Decision:
    desk.put(brakes={"benefit": benefit, "cool_down": "1d"})
    (decision,) = desk.loop.decide(desk.ada, MODEL, reason="drift")
    desk.round()
    return decision


def newest(desk: Desk) -> Decision:
    return desk.decisions()[-1]


def test_a_trial_that_beats_the_champion_starts_the_training(desk: Desk) -> None:
    decision = asked(desk)
    assert (decision.choice, decision.state) == (Choice.CHECKING, State.CHECKING)
    assert desk.told() == [], "that it is looked at is no decision yet"
    (check,) = desk.job_runs()
    (task,) = check.settings.tasks
    assert task.python_wheel_task is not None
    named = task.python_wheel_task.named_parameters
    assert (named["model"], named["version"]) == (str(MODEL), "1")

    desk.end(check.run_id, benefit=GOOD)
    desk.round()
    desk.round()

    done = newest(desk)
    assert (done.choice, done.state, done.benefit["lower"]) == (Choice.STARTED, State.TRAINING, 0.01)
    assert done.reason == (
        "On the 900 freshest labels a trial is better than the champion of version 1 by 0.02 in log_loss, "
        "90% interval 0.01 to 0.03."
    )
    assert [each["decision"] for each in desk.told()] == ["started"]


def test_drift_without_benefit_is_a_result_and_cools_down_like_a_start(desk: Desk) -> None:
    asked(desk)
    desk.end(desk.job_runs()[0].run_id, benefit=BAD)
    desk.round()

    done = newest(desk)
    assert (done.choice, done.brake, done.state) == (Choice.DECLINED, Brake.BENEFIT, State.DECLINED)
    assert done.reason.startswith("Drift without benefit: on the 900 freshest labels")
    (again,) = desk.loop.decide(desk.ada, MODEL, reason="really")
    assert again.brake is Brake.COOL_DOWN
    assert len(desk.job_runs()) == 1


@pytest.mark.parametrize(("said", "choice"), [("start", Choice.STARTED), ("decline", Choice.DECLINED)])
def test_what_is_done_when_a_trial_could_say_nothing_is_the_policys(desk: Desk, said: str, choice: Choice) -> None:
    asked(desk, if_unmeasured=said)
    desk.end(desk.job_runs()[0].run_id, ResultState.FAILED)
    desk.round()
    assert newest(desk).choice is choice
    assert "is not known" in newest(desk).reason
    assert "failed: it broke" in newest(desk).benefit["problem"]


def test_the_projects_own_trial_says_where_it_is_or_what_it_found(desk: Desk) -> None:
    desk.jobs.create(desk.ada, read_job({**TRAINING, "name": "trial"}))
    asked(desk, method="job", job="trial", parameters={"size": "small"})
    (trial,) = desk.job_runs()
    assert (trial.name, trial.parameters["size"]) == ("trial", "small")
    desk.end(trial.run_id, trial_model="runs:/1/model")
    desk.round()
    desk.round()
    check = desk.job_runs()[-1]
    task = check.settings.tasks[0].python_wheel_task
    assert task is not None
    assert task.named_parameters["candidate"] == "runs:/1/model"
    desk.end(check.run_id, benefit=GOOD)
    desk.round()
    assert newest(desk).choice is Choice.STARTED


def test_a_trial_that_leaves_nothing_says_nothing(desk: Desk) -> None:
    desk.jobs.create(desk.ada, read_job({**TRAINING, "name": "trial"}))
    asked(desk, method="job", job="trial", if_unmeasured="decline")
    desk.end(desk.job_runs()[0].run_id)
    desk.round()
    assert "neither trial_model nor benefit" in newest(desk).reason


@pytest.mark.parametrize(
    ("said", "improvement", "problem"),
    [
        (GOOD, 0.02, None),
        ({"improvement": 0.5}, 0.5, None),
        ({"improvement": "much"}, None, "names no improvement"),
        ({"improvement": float("nan")}, None, "names no improvement"),
        ({"improvement": True}, None, "names no improvement"),
        ({}, None, "names no improvement"),
        ([1], None, "is no object"),
        ("good", None, "is no object"),
    ],
)
def test_a_value_that_is_no_number_says_nothing(said: Any, improvement: float | None, problem: str | None) -> None:
    found = benefit_of(said)
    assert found.improvement == improvement
    assert (problem or "") in (found.problem or "")


def test_without_a_champion_the_first_version_needs_no_trial(desk: Desk) -> None:
    desk.world.in_production = None
    assert asked(desk).choice is Choice.STARTED


def test_a_schedule_may_do_without_a_trial(desk: Desk) -> None:
    assert asked(desk, except_for=["by_hand"]).choice is Choice.STARTED


@pytest.mark.parametrize("state", [State.PROMOTED, State.REJECTED, State.REGISTERED, State.PASSED])
def test_a_candidate_meets_the_gates_of_any_other(desk: Desk, state: State) -> None:
    asked(desk, method="none")
    desk.round()
    (run,) = desk.job_runs()
    desk.end(run.run_id)
    desk.lineup.made[run.run_id] = 7
    desk.round()
    desk.round()
    assert (newest(desk).state, newest(desk).version) == (State.JUDGING, 7)
    desk.lineup.standings[7] = Judged(state, "so it is")
    desk.round()
    assert (newest(desk).state, newest(desk).outcome) == (state, "so it is")


def test_what_has_passed_is_watched_until_it_is_in_production(desk: Desk) -> None:
    asked(desk, method="none")
    desk.round()
    (run,) = desk.job_runs()
    desk.end(run.run_id)
    desk.lineup.made[run.run_id] = 7
    desk.lineup.standings[7] = Judged(State.PASSED, "awaits approval")
    for _ in range(3):
        desk.round()
    assert newest(desk).state is State.PASSED
    desk.lineup.standings[7] = Judged(State.PROMOTED, "in production")
    desk.pass_by(seconds=10)
    desk.round()
    assert newest(desk).state is State.PROMOTED


def test_whoever_dies_after_asking_for_a_run_gets_the_same_run(desk: Desk) -> None:
    asked(desk, method="none")
    desk.round()
    done = newest(desk)
    assert done.state is State.TRAINING
    with desk.database.write() as connection:  # as if the process had died before it wrote the run down
        from dataclasses import replace

        assert rows.change_decision(
            connection, replace(done, state=State.STARTING, run_id=None, job_id=None, next_at=0), State.TRAINING
        )
    desk.round()
    assert newest(desk).run_id == done.run_id
    assert len(desk.job_runs()) == 1


def test_a_job_that_is_gone_fails_the_decision_and_says_so(desk: Desk) -> None:
    desk.put(brakes={"benefit": {"method": "none"}})
    desk.jobs.delete(desk.ada, desk.job_id)
    desk.loop.decide(desk.ada, MODEL, reason="drift")
    desk.round()
    assert newest(desk).state is State.FAILED
    assert "could not be started: There is no job 'training'" in (newest(desk).outcome or "")


def test_before_mlflow_is_there_nothing_is_looked_at(desk: Desk) -> None:
    desk.put(triggers=[{"freshness": {"older_than": "1s"}}])
    desk.lineup.are_known = False
    desk.pass_by(days=1)
    desk.round()
    assert desk.decisions() == []


def test_rows_follow_a_model_that_is_renamed_and_end_with_one_that_is_gone(desk: Desk) -> None:
    asked(desk, method="none")
    follower = rows.RetrainingFollower(desk.database)
    with desk.database.write() as connection:
        follower.renamed(connection, str(MODEL), "dev.flights.late")
        assert rows.policy(connection, str(MODEL)) is None
        held = rows.policy(connection, "dev.flights.late")
        assert held is not None
        assert json.dumps(rows.document_of(held.policy))
        (decision,) = rows.decisions(connection, "dev.flights.late", 10)
        follower.model_gone(connection, "dev.flights.late")
        assert rows.policy(connection, "dev.flights.late") is None
        (ended,) = rows.decisions(connection, "dev.flights.late", 10)
    assert decision.state is not State.DECLINED
    assert ended.outcome == "The model was deleted meanwhile."
