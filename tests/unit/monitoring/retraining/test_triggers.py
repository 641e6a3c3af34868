"""What asks for a training: each kind of trigger alone, over a table, a metric table or events."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.monitoring.retraining.desk import World, day, figure

from boathouse.catalog.events import Event, EventType
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import SYSTEM
from boathouse.monitoring.retraining.policy import OnMetric, RetrainingPolicy, Trigger
from boathouse.monitoring.retraining.triggers import LOOKS
from boathouse.monitoring.retraining.triggers.contract import Asked, Champion, Looked, instant_of
from boathouse.monitoring.retraining.triggers.metrics import beyond

NOW = day(10)
TABLE = "prod.flights.predictions"


def look(said: dict[str, Any], world: World | None = None, **more: Any) -> Looked:
    trigger = Trigger.model_validate(said)
    given: dict[str, Any] = {"now": epoch_ms(NOW), **more}
    asked = Asked("dev.flights.delay", trigger.kind.value, trigger.settings, SYSTEM, world or World(), **given)
    return LOOKS[trigger.kind](asked)


def event(type: EventType, subject: str, number: int = 1, **data: Any) -> Event:
    return Event(number, f"e{number}", type.value, subject, "system", epoch_ms(NOW), data)


# --- schedule

MONTHLY = {"schedule": {"quartz_cron_expression": "0 0 6 1 * ?"}}


def test_a_schedule_asks_once_at_each_of_its_instants() -> None:
    first = look(MONTHLY)
    april = epoch_ms(datetime(2026, 4, 1, 6, tzinfo=UTC))
    assert (first.signals, first.memory) == ((), {"next": april})

    assert look(MONTHLY, memory=first.memory, now=april - 1).signals == ()
    then = look(MONTHLY, memory=first.memory, now=april)
    assert [each.key for each in then.signals] == [f"schedule:schedule:{april}"]
    assert look(MONTHLY, memory=then.memory, now=april).signals == ()


def test_of_instants_that_nobody_looked_at_only_the_last_one_asks() -> None:
    later = epoch_ms(datetime(2026, 8, 15, tzinfo=UTC))
    (signal,) = look(MONTHLY, memory=look(MONTHLY).memory, now=later).signals
    assert signal.figures == {"fire": "2026-08-01T06:00:00+00:00"}


def test_a_clock_that_was_put_back_waits_for_the_next_instant_from_there() -> None:
    back = look(MONTHLY, memory={"next": epoch_ms(day(1, 12))}, now=epoch_ms(day(5)))
    assert back.memory == {"next": epoch_ms(datetime(2026, 4, 1, 6, tzinfo=UTC))}


# --- drift and quality

DRIFT = {"drift": {"table": TABLE, "metric": "js_distance", "above": 0.2}}


def test_a_figure_beyond_its_bound_asks_as_long_as_it_is() -> None:
    world = World(seen={f"{TABLE}_drift_metrics": [figure("temp", 0.3, day(9)), figure("wind", 0.1, day(9))]})

    first = look(DRIFT, world)
    again = look(DRIFT, world, memory=first.memory)

    (signal,) = first.signals
    assert signal.why == (
        "js_distance of temp in prod.flights.predictions is 0.3, above 0.2, in the window that ended at "
        "2026-03-09T00:00:00+00:00."
    )
    assert signal.instant == epoch_ms(day(9))
    assert signal.lasts
    assert again.signals == first.signals
    assert len(world.questions) == 1, "without a refresh nobody asks the engine again"


def test_a_refresh_is_looked_at_and_may_end_it() -> None:
    world = World(seen={f"{TABLE}_drift_metrics": [figure("temp", 0.3, day(9))]})
    first = look(DRIFT, world)
    world.seen[f"{TABLE}_drift_metrics"] = [figure("temp", 0.05, day(10)), figure("temp", 0.3, day(9))]

    refreshed = event(EventType.MONITOR_REFRESHED, TABLE)
    assert look(DRIFT, world, memory=first.memory, events=[refreshed]).signals == ()


@pytest.mark.parametrize(
    ("values", "windows", "is_beyond"),
    [
        ([0.3, 0.3, 0.1], 2, True),
        ([0.3, 0.1, 0.3], 2, False),
        ([0.3, None, 0.3], 2, False),
        ([0.3, math.nan], 2, False),
        ([0.3], 2, False),
        ([math.inf], 1, True),
        ([math.nan], 1, False),
        ([None], 1, False),
        ([], 1, False),
    ],
)
def test_windows_in_a_row_have_to_be_beyond(values: list[float | None], windows: int, is_beyond: bool) -> None:
    said = OnMetric(table=TABLE, metric="js_distance", above=0.2, windows=windows)
    figures = [figure("temp", value, day(20) - timedelta(days=back)) for back, value in enumerate(values)]
    assert bool(beyond(figures, said)) == is_beyond


def test_a_column_that_the_newest_window_no_longer_has_asks_for_nothing() -> None:
    said = OnMetric(table=TABLE, metric="js_distance", above=0.2)
    assert beyond([figure("gone", 0.9, day(1)), figure("temp", 0.0, day(2))], said) == []


def test_quality_may_fall_below_a_bound() -> None:
    world = World(seen={f"{TABLE}_profile_metrics": [figure(":table", 0.61, day(9))]})
    said = {"quality": {"table": TABLE, "metric": "roc_auc", "below": 0.65, "column": ":table"}}
    (signal,) = look(said, world).signals
    assert "is 0.61, below 0.65" in signal.why


def test_in_a_replay_later_windows_have_not_happened() -> None:
    world = World(seen={f"{TABLE}_drift_metrics": [figure("temp", 0.9, day(9)), figure("temp", 0.1, day(8))]})
    assert look(DRIFT, world, until=epoch_ms(day(8))).signals == ()
    assert look(DRIFT, world, until=epoch_ms(day(9))).signals != ()


def test_a_baseline_that_is_gone_is_told() -> None:
    with pytest.raises(NotFound, match="drift_metrics"):
        look(DRIFT)


# --- freshness

OLD = {"freshness": {"older_than": "5d"}}


def test_a_model_that_is_in_production_for_too_long_asks_again_after_as_much_time() -> None:
    world = World(in_production=Champion(3, epoch_ms(day(1))))
    assert look(OLD, world, now=epoch_ms(day(6))).signals == ()
    keys = {each.key for number in range(7, 17) for each in look(OLD, world, now=epoch_ms(day(number))).signals}
    assert keys == {f"freshness:freshness:3:{epoch_ms(day(1))}:{times}" for times in (1, 2, 3)}


def test_without_a_champion_nothing_is_too_old() -> None:
    assert look(OLD).signals == ()


def test_in_a_replay_a_model_is_as_old_as_the_data_have_seen_it() -> None:
    world = World(in_production=Champion(3, epoch_ms(NOW)))
    first = look(OLD, world, now=epoch_ms(day(1)), is_replay=True)
    assert first.signals == ()
    assert look(OLD, world, now=epoch_ms(day(7)), is_replay=True, memory=first.memory).signals != ()


# --- alerts and events

ALERT = {"alert": {"name": "late*", "severity": ["critical"]}}


def fired(number: int, severity: str = "critical", table: str = TABLE, **data: Any) -> Event:
    return event(EventType.ALERT_FIRED, table, number, alert="late labels", severity=severity, **data)


def test_an_alert_asks_while_it_fires() -> None:
    first = look(ALERT, events=[fired(1), fired(2, "warning"), fired(3, table="prod.flights.other")])
    assert [each.key for each in first.signals] == ["alert:alert:e1", "alert:alert:e3"]
    assert all(each.lasts for each in first.signals)

    resolved = event(EventType.ALERT_RESOLVED, TABLE, 4, alert="late labels")
    after = look(ALERT, memory=first.memory, events=[resolved])
    assert [each.key for each in after.signals] == ["alert:alert:e3"]


def test_an_alert_of_several_columns_fires_until_the_last_is_fine() -> None:
    first = look(ALERT, events=[fired(1, count=3)])
    one = look(
        ALERT, memory=first.memory, events=[event(EventType.ALERT_RESOLVED, TABLE, 2, alert="late labels", count=2)]
    )
    all_ = look(
        ALERT, memory=one.memory, events=[event(EventType.ALERT_RESOLVED, TABLE, 3, alert="late labels", count=1)]
    )
    assert (len(one.signals), all_.signals) == (1, ())


@pytest.mark.parametrize(
    ("data", "instant"),
    [
        ({"window": {"start": "2013-03-01T00:00:00Z", "end": "2013-03-02T00:00:00Z"}}, 1362182400000),
        ({"window": ["2013-03-01", "2013-03-02"]}, 1362182400000),
        ({"as_of": "2013-03-02T00:00:00+00:00"}, 1362182400000),
        ({"window": {"end": 1362182400000}}, 1362182400000),
        ({"window": "yesterday", "as_of": None}, None),
        ({}, None),
    ],
)
def test_the_instant_of_an_event_is_the_end_of_its_window(data: Mapping[str, Any], instant: int | None) -> None:
    assert instant_of(data) == instant


def test_of_events_that_came_together_one_asks_and_its_own_decisions_never_do() -> None:
    said = {"event": {"types": ["*"], "subject": "*"}}
    mine = event(EventType.RETRAINING_DECIDED, "dev.flights.delay", 3)
    found = look(said, events=[event(EventType.DEPLOYED, "a/b", 1), event(EventType.DEPLOYED, "a/b", 2), mine])
    (signal,) = found.signals
    assert signal.key == "event:event:e2"
    assert "1 more before it" in signal.why


# --- what is said


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"drift": {"table": TABLE, "metric": "js_distance", "above": 0.1}, "freshness": {"older_than": "1d"}},
        {"drift": {"table": TABLE, "metric": "js_distance"}},
        {"drift": {"table": TABLE, "metric": "1; DROP", "above": 0.1}},
        {"drift": {"table": "flights", "metric": "js_distance", "above": 0.1}},
        {"schedule": {"quartz_cron_expression": "0 0 6"}},
        {"schedule": {"quartz_cron_expression": "0 0 6 * * ?", "timezone_id": "Mars"}},
        {"freshness": {"older_than": "long"}},
        {"data_volume": {"table": TABLE, "rows": 0}},
    ],
)
def test_a_trigger_that_means_nothing_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Trigger.model_validate(said)


def test_triggers_of_one_kind_are_numbered() -> None:
    old = {"freshness": {"older_than": "5d"}}
    policy = RetrainingPolicy.model_validate({"job": 12, "triggers": [old, DRIFT, old, {"name": "mine", **old}]})
    assert [name for name, _ in policy.named()] == ["freshness-1", "drift", "freshness-2", "mine"]
    with pytest.raises(ValueError, match="two triggers are called mine"):
        RetrainingPolicy.model_validate({"job": 12, "triggers": [{"name": "mine", **old}, {"name": "mine", **DRIFT}]})
