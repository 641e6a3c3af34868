"""From signals to decisions: each fact is decided on once, brakes are heard, and what they saw is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.models.ground import MODEL
from tests.unit.monitoring.retraining.desk import day, figure

from boathouse.catalog import Privilege
from boathouse.catalog.events import EventType
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound
from boathouse.jobs.states import ResultState
from boathouse.monitoring.retraining.candidates import Judged
from boathouse.monitoring.retraining.nouns import Brake, Choice, NoRetraining, State

if TYPE_CHECKING:
    from tests.unit.monitoring.retraining.desk import Desk

TABLE = "dev.flights.predictions"
METRICS = f"{TABLE}_drift_metrics"
DRIFT = {"drift": {"table": TABLE, "metric": "js_distance", "above": 0.2}}
ALERT = {"alert": {}}


def drifting(desk: Desk, number: int, value: float = 0.5) -> None:
    desk.world.seen[METRICS] = [figure("temp", value, day(number))]
    desk.happen(EventType.MONITOR_REFRESHED, TABLE)


def test_a_drift_starts_a_training_once(desk: Desk) -> None:
    desk.put(triggers=[DRIFT])
    drifting(desk, 1)
    for _ in range(4):
        desk.round()

    (decision,) = desk.decisions()
    (run,) = desk.job_runs()
    assert (decision.choice, decision.state, decision.run_id) == (Choice.STARTED, State.TRAINING, run.run_id)
    assert run.trigger_info["retraining"]["decision_id"] == decision.decision_id
    assert decision.figures["columns"][0]["value"] == 0.5
    assert [each["brake"] for each in decision.brakes] == ["frozen", "busy", "cool_down", "budget"]
    assert [(each["decision"], each["trigger"]) for each in desk.told()] == [("started", "drift")]


def test_another_window_meets_the_training_under_way_then_the_cool_down_then_nobody(desk: Desk) -> None:
    desk.put(triggers=[DRIFT], brakes={"cool_down": "7d"})
    drifting(desk, 1)
    desk.round()
    desk.round()
    drifting(desk, 2)
    desk.round()
    desk.end(desk.job_runs()[0].run_id)
    desk.round()
    drifting(desk, 3)
    desk.round()
    assert [(each.choice, each.brake) for each in desk.decisions()] == [
        (Choice.STARTED, None),
        (Choice.DECLINED, Brake.BUSY),
        (Choice.DECLINED, Brake.COOL_DOWN),
    ]

    desk.pass_by(days=7)
    desk.round()
    desk.round()
    last = desk.decisions()[-1]
    assert (last.choice, last.state) == (Choice.STARTED, State.TRAINING), "a drift that lasts asks again"
    assert len(desk.job_runs()) == 2


def test_what_meets_the_same_brake_again_and_again_is_one_row(desk: Desk) -> None:
    desk.put(triggers=[DRIFT], brakes={"cool_down": "30d"})
    drifting(desk, 1)
    desk.round()
    desk.end(desk.job_runs()[0].run_id)
    desk.round()
    for number in range(2, 8):
        drifting(desk, number)
        desk.round()
        desk.round()

    _, declined = desk.decisions()
    assert (declined.brake, declined.repeats) == (Brake.COOL_DOWN, 5)
    assert len(desk.told()) == 2


def test_an_alert_that_ends_asks_no_more(desk: Desk) -> None:
    desk.put(triggers=[ALERT])
    desk.loop.freeze(desk.ada, MODEL, "holidays")
    desk.happen(EventType.ALERT_FIRED, TABLE, alert="late", severity="critical")
    desk.round()
    desk.happen(EventType.ALERT_RESOLVED, TABLE, alert="late")
    desk.round()
    desk.loop.unfreeze(desk.ada, MODEL)
    desk.round()

    (decision,) = desk.decisions()
    assert (decision.choice, decision.brake, decision.reason) == (
        Choice.FROZEN,
        Brake.FROZEN,
        "The loop is frozen: holidays",
    )


def test_a_budget_in_processor_hours_is_what_runs_have_really_used(desk: Desk) -> None:
    desk.put(triggers=[DRIFT], brakes={"cool_down": None, "budget": {"processor_hours": 0.6, "per": "10d"}})
    for number in (1, 2, 3):  # each run uses half an hour
        drifting(desk, number)
        desk.round()
        desk.round()
        if desk.decisions()[-1].run_id:
            desk.end(desk.job_runs()[-1].run_id)
        desk.round()
    assert [each.brake for each in desk.decisions()] == [None, None, Brake.BUDGET]

    desk.pass_by(days=10)
    desk.round()
    assert desk.decisions()[-1].choice is Choice.STARTED


def test_a_trigger_that_cannot_look_harms_no_other(desk: Desk) -> None:
    desk.put(triggers=[{"table_update": {"table": "dev.flights.gone"}}, DRIFT])
    drifting(desk, 1)
    desk.round()
    shown = desk.loop.show(desk.ada, MODEL)
    assert "dev.flights.gone was not found" in shown.known.memory["triggers"]["table_update"]["problem"]
    assert len(desk.decisions()) == 1


def test_what_happened_before_the_policy_is_no_news(desk: Desk) -> None:
    desk.happen(EventType.ALERT_FIRED, TABLE, alert="late")
    desk.put(triggers=[ALERT])
    desk.round()
    assert desk.decisions() == []


def test_what_happened_while_nothing_was_said_is_no_news(desk: Desk) -> None:
    desk.put(triggers=[ALERT])
    desk.round()
    desk.loop.book.withdraw(desk.ada, MODEL)
    desk.happen(EventType.ALERT_FIRED, TABLE, alert="late")
    desk.round()
    desk.put(triggers=[ALERT])
    desk.round()
    assert desk.decisions() == []


def test_a_pause_lets_nothing_start_and_what_lasts_asks_after_it(desk: Desk) -> None:
    desk.put(triggers=[DRIFT], paused=True)
    drifting(desk, 1)
    desk.round()
    assert desk.decisions() == []
    desk.put(triggers=[DRIFT])
    desk.round()
    assert len(desk.decisions()) == 1


def test_two_that_look_at_once_decide_once(desk: Desk) -> None:
    desk.put(triggers=[DRIFT])
    drifting(desk, 1)
    with desk.database.read() as connection:
        from boathouse.monitoring.retraining import repository as rows

        before = rows.state(connection, str(MODEL))
    desk.round()
    with desk.database.write() as connection:
        assert not rows.keep_state(connection, before), "whoever looked at what was before is too late"
    assert len(desk.decisions()) == 1


# --- a past that is replayed


def test_a_replayed_year_is_braked_by_its_own_clock(desk: Desk) -> None:
    desk.put(
        triggers=[{"schedule": {"quartz_cron_expression": "0 0 0 1 * ?"}}], clock="data", brakes={"cool_down": "20d"}
    )
    choices: list[tuple[str | None, Choice]] = []
    for month in range(1, 7):
        for made in desk.loop.decide(desk.ada, MODEL, as_of=day(1, month).replace(year=2013)):
            choices.append((made.as_of, made.choice))
        desk.round()
        desk.round()
        if desk.job_runs():
            run = desk.job_runs()[-1]
            if not run.state.life_cycle.is_final:
                desk.end(run.run_id)
        desk.round()

    assert choices == [(f"2013-0{month}-01T00:00:00Z", Choice.STARTED) for month in range(2, 7)]
    assert [run.as_of for run in desk.job_runs()] == [as_of for as_of, _ in choices]
    assert desk.job_runs()[0].parameters["as_of"] == "2013-02-01T00:00:00Z"


def test_the_instant_of_a_window_is_the_present_of_a_loop_by_the_datas_clock(desk: Desk) -> None:
    desk.put(triggers=[DRIFT], clock="data", brakes={"cool_down": "7d"})
    for number in (1, 5, 9):
        drifting(desk, number)
        desk.round()
        desk.round()
        if desk.decisions()[-1].state is State.TRAINING:
            desk.end(desk.job_runs()[-1].run_id)
        desk.round()

    assert [(each.choice, each.as_of) for each in desk.decisions()] == [
        (Choice.STARTED, "2026-03-01T00:00:00Z"),
        (Choice.DECLINED, "2026-03-05T00:00:00Z"),
        (Choice.STARTED, "2026-03-09T00:00:00Z"),
    ]


# --- people


def test_somebody_asks_and_brakes_are_heard_all_the_same(desk: Desk) -> None:
    desk.put()
    (first,) = desk.loop.decide(desk.ada, MODEL, reason="new airport")
    (second,) = desk.loop.decide(desk.ada, MODEL, reason="once more")
    assert (first.choice, first.why) == (Choice.STARTED, "ada asks for it: new airport")
    assert (second.choice, second.brake) == (Choice.DECLINED, Brake.BUSY)
    assert desk.loop.decide(desk.ada, MODEL) == []


def test_candidates_that_come_to_nothing_freeze_the_loop_until_a_person_comes(desk: Desk) -> None:
    desk.put(brakes={"cool_down": None, "freeze_after": 2})
    for version in (2, 3):
        desk.loop.decide(desk.ada, MODEL, reason=f"try {version}")
        desk.round()
        desk.round()
        run = desk.job_runs()[-1]
        desk.lineup.made[run.run_id] = version
        desk.lineup.standings[version] = Judged(State.REJECTED, f"Its gates have rejected version {version}.")
        desk.end(run.run_id)
        desk.round()
        desk.round()

    shown = desk.loop.show(desk.ada, MODEL)
    assert shown.known.is_frozen
    assert shown.known.frozen_why == (
        "2 trainings in a row came to nothing; the last: Its gates have rejected version 3."
    )
    assert [each["decision"] for each in desk.told()] == ["started", "started", "frozen"]
    (refused,) = desk.loop.decide(desk.ada, MODEL, reason="please")
    assert refused.choice is Choice.FROZEN

    desk.loop.unfreeze(desk.ada, MODEL, "the labels are mended")
    (again,) = desk.loop.decide(desk.ada, MODEL, reason="now")
    assert again.choice is Choice.STARTED


def test_a_training_that_fails_counts_and_a_cancelled_one_does_not(desk: Desk) -> None:
    desk.put(brakes={"cool_down": None, "freeze_after": 1})
    desk.loop.decide(desk.ada, MODEL, reason="one")
    desk.round()
    desk.end(desk.job_runs()[-1].run_id, ResultState.CANCELED)
    desk.round()
    assert desk.decisions()[-1].state is State.NO_CANDIDATE
    assert not desk.loop.show(desk.ada, MODEL).known.is_frozen

    desk.loop.decide(desk.ada, MODEL, reason="two")
    desk.round()
    desk.end(desk.job_runs()[-1].run_id, ResultState.FAILED)
    desk.round()
    assert desk.decisions()[-1].state is State.FAILED
    assert desk.loop.show(desk.ada, MODEL).known.is_frozen


def test_only_who_manages_the_model_may_say_and_decide(desk: Desk) -> None:
    reader = desk.person("rita", privilege=Privilege.EXECUTE)
    desk.put()
    for verb in (
        lambda: desk.put(by=reader),
        lambda: desk.loop.decide(reader, MODEL),
        lambda: desk.loop.freeze(reader, MODEL, "no"),
        lambda: desk.loop.unfreeze(reader, MODEL),
        lambda: desk.loop.book.withdraw(reader, MODEL),
    ):
        with pytest.raises(Denied):
            verb()
    assert desk.loop.show(reader, MODEL).held.principal == "ada"
    stranger = desk.person("sam", privilege=None)
    with pytest.raises(NotFound):
        desk.loop.show(stranger, MODEL)


def test_who_may_not_run_the_job_cannot_let_the_loop_run_it(desk: Desk) -> None:
    manager = desk.person("max", privilege=Privilege.MANAGE)
    with pytest.raises((Denied, NotFound)):
        desk.put(by=manager)


def test_verbs_without_a_policy_or_a_reason_say_so(desk: Desk) -> None:
    with pytest.raises(NoRetraining, match=r"boathouse\.yml"):
        desk.loop.decide(desk.ada, MODEL)
    with pytest.raises(NotFound, match="no job 'nothing'"):
        desk.put(job="nothing")
    desk.put()
    with pytest.raises(Conflict, match="not frozen"):
        desk.loop.unfreeze(desk.ada, MODEL)
    with pytest.raises(InvalidInput, match="reason"):
        desk.loop.freeze(desk.ada, MODEL, "  ")
