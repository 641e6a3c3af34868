"""Triggers over metric tables as a monitor really writes them, in a schema of their own."""

from datetime import UTC, datetime, timedelta
from typing import Any

from boathouse.catalog.events import repository as events
from boathouse.foundation.clock import epoch_ms
from boathouse.monitoring.retraining.policy import Trigger
from boathouse.monitoring.retraining.triggers import LOOKS
from boathouse.monitoring.retraining.triggers.contract import Asked, Looked
from boathouse.monitoring.retraining.world import GovernedWorld

JANUARY = datetime(2013, 1, 1, tzinfo=UTC)
TABLE = "dev.shop.answers"


def answers(days: int, turned_from: int) -> list[dict[str, Any]]:
    """Ten answers an hour; from a day on the wind blows harder, and what the model says is wrong."""
    found: list[dict[str, Any]] = []
    for place in range(days * 240):
        is_turned = place // 240 >= turned_from
        late = place % 2
        said = 1 - late if is_turned and place % 3 else late
        found.append(
            {
                "at": JANUARY + timedelta(minutes=6 * place), "model": f"v{place % 2 + 1}", "said": said, "late": late,
                "wind": float(place % 17) + (30.0 if is_turned else 0.0),
            }
        )  # fmt: skip
    return found


def look(watch: Any, said: dict[str, Any], **more: Any) -> Looked:
    world = GovernedWorld(watch.catalog, lambda _: watch.session, lambda _: None)
    trigger = Trigger.model_validate(said)
    given = {"now": epoch_ms(JANUARY), "is_pressed": True, **more}
    return LOOKS[trigger.kind](Asked("dev.shop.m", "t", trigger.settings, watch.root, world, **given))


def test_drift_and_quality_of_a_monitored_table_ask(watch: Any) -> None:
    watch.write("answers", answers(4, turned_from=3))
    log = {
        "problem_type": "PROBLEM_TYPE_CLASSIFICATION", "timestamp_col": "at", "granularities": ["1 day"],
        "prediction_col": "said", "model_id_col": "model", "label_col": "late",
    }  # fmt: skip
    watch.watch("answers", inference_log=log)
    watch.refresh("answers")

    drift = {"table": TABLE, "metric": "js_distance", "above": 0.3, "column": "wind"}
    (signal,) = look(watch, {"drift": drift}).signals
    assert signal.instant == epoch_ms(JANUARY + timedelta(days=4))
    quality = {"table": TABLE, "metric": "accuracy_score", "below": 0.8, "column": ":table"}
    assert [each.instant for each in look(watch, {"quality": quality}).signals] == [signal.instant]
    assert look(watch, {"quality": {**quality, "windows": 2}}).signals == ()
    assert len(look(watch, {"quality": {**quality, "model_id": "v1"}}).signals) == 1
    earlier = epoch_ms(JANUARY + timedelta(days=3))
    assert look(watch, {"quality": quality}, until=earlier).signals == ()
    assert look(watch, {"drift": drift}, until=earlier).signals == ()


def test_a_refresh_lets_the_trigger_look_again(watch: Any) -> None:
    watch.write("answers", answers(2, turned_from=9))
    watch.watch("answers", time_series={"timestamp_col": "at", "granularities": ["1 day"]})
    watch.refresh("answers")
    drift = {"drift": {"table": TABLE, "metric": "js_distance", "above": 0.3, "column": "wind"}}
    first = look(watch, drift, is_pressed=False)
    assert first.signals == ()

    watch.write("answers", answers(3, turned_from=2)[480:], mode="append")
    before = watch.catalog.events.latest()
    watch.refresh("answers")
    assert look(watch, drift, is_pressed=False, memory=first.memory).signals == ()
    told = events.after(watch.catalog.database, before)
    assert len(look(watch, drift, is_pressed=False, memory=first.memory, events=told).signals) == 1
