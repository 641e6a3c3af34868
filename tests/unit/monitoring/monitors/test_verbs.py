"""The verbs on monitors: who may, what is refused, what waits, what is kept in time."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import AlreadyExists, Conflict, Denied, NotFound
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import SYSTEM
from boathouse.foundation.shapes import DoesNotFit
from boathouse.monitoring.monitors.jobs import RunEnd
from boathouse.monitoring.monitors.nouns import Monitor, MonitorStatus, RefreshState
from boathouse.monitoring.monitors.settings import MonitorSettings

AT = datetime(2013, 1, 1, tzinfo=UTC)
HOURLY: dict[str, Any] = {"time_series": {"timestamp_col": "at", "granularities": ["1 Hour"]}}
WEATHER = TableName.parse("dev.shop.weather")
ROWS = [{"at": AT, "temp": 1.0, "origin": "JFK"}]


def settings(**said: Any) -> MonitorSettings:
    return MonitorSettings.model_validate({"output_schema_name": "dev.watched", **HOURLY, **said})


def test_a_second_monitor_of_a_table_is_refused(watch: Any) -> None:
    watch.write("weather", ROWS)
    watch.watch("weather", **HOURLY)
    with pytest.raises(AlreadyExists):
        watch.watch("weather", **HOURLY)


def test_exactly_one_way_of_watching_is_said() -> None:
    for said in ({"time_series": None}, {"snapshot": {}}):
        with pytest.raises(ValueError, match="exactly one"):
            settings(**said)


def test_everything_that_does_not_fit_is_told_at_once(watch: Any) -> None:
    watch.write("weather", ROWS)
    with pytest.raises(DoesNotFit) as caught:
        watch.watch(
            "weather",
            time_series={"timestamp_col": "att", "granularities": ["1 hour"]},
            slicing_exprs=["orgin", "temp >", "sum(temp)"],
            boathouse={"columns": ["tempo"]},
        )
    paths = [problem.path for problem in caught.value.problems]
    assert ("time_series", "timestamp_col") in paths and ("boathouse", "columns", 0) in paths
    assert {path[1] for path in paths if path[0] == "slicing_exprs"} >= {0, 1}


def test_a_change_that_shapes_the_metrics_makes_a_version_and_another_one_does_not(watch: Any) -> None:
    watch.write("weather", ROWS)
    watch.watch("weather", **HOURLY)
    start = watch.clock.now()
    watch.clock.advance(timedelta(days=1))
    daily = {"quartz_cron_expression": "0 0 12 * * ?", "timezone_id": "UTC"}
    assert watch.monitors.update(watch.root, WEATHER, settings(schedule=daily)).version == 1
    watch.clock.advance(timedelta(days=1))
    changed = watch.monitors.update(watch.root, WEATHER, settings(schedule=daily, slicing_exprs=["origin"]))
    assert changed.version == 2
    version, then = watch.monitors.settings_at(watch.root, WEATHER, epoch_ms(start + timedelta(hours=1)))
    assert version == 1 and then.schedule is None
    with pytest.raises(NotFound):
        watch.monitors.settings_at(watch.root, WEATHER, epoch_ms(start - timedelta(hours=1)))


def test_a_schedule_rests_and_goes_on(watch: Any) -> None:
    watch.write("weather", ROWS)
    made = watch.watch("weather", **HOURLY, schedule={"quartz_cron_expression": "0 0 12 * * ?"})
    paused = watch.monitors.pause(watch.root, WEATHER, paused=True)
    assert paused.settings.schedule is not None and paused.settings.schedule.is_paused
    assert watch.runs.jobs[made.job_id or 1].settings.schedule.is_paused
    assert not watch.monitors.pause(watch.root, WEATHER, paused=False).settings.schedule.is_paused


def test_a_monitor_waits_for_its_table_and_begins_by_itself(watch: Any) -> None:
    made = watch.monitors.create(watch.root, WEATHER, settings(), may_wait=True)
    assert made.status is MonitorStatus.PENDING and watch.monitors.look() == 0
    with pytest.raises(Conflict, match="waits"):
        watch.monitors.refreshes.ask(watch.root, WEATHER)
    watch.write("weather", ROWS)
    assert watch.monitors.look() == 1
    found = watch.monitors.get(watch.root, WEATHER)
    assert found.status is MonitorStatus.ACTIVE and len(watch.runs.asked) == 1


def test_a_monitor_that_is_being_made_is_not_begun_a_second_time(watch: Any) -> None:
    watch.write("weather", ROWS)
    ensure, looks = watch.runs.ensure, list[Thread]()

    def ensure_while_somebody_looks(monitor: Monitor) -> int:
        if not looks:
            looks.append(Thread(target=watch.monitors.look))
            looks[0].start()
            looks[0].join(0.3)
        return ensure(monitor)

    watch.runs.ensure = ensure_while_somebody_looks
    watch.monitors.create(watch.root, WEATHER, settings())
    looks[0].join()
    assert len(watch.runs.jobs) == 1 and len(watch.runs.asked) == 1


def test_a_table_that_comes_without_the_columns_is_said_so(watch: Any) -> None:
    watch.monitors.create(watch.root, WEATHER, settings(slicing_exprs=["carrier"]), may_wait=True)
    watch.write("weather", ROWS)
    watch.monitors.look()
    found = watch.monitors.get(watch.root, WEATHER)
    assert found.status is MonitorStatus.PENDING and "carrier" in (found.failure or "")
    assert watch.monitors.failing(watch.root) == []


def test_who_may_read_the_table_sees_its_monitor_and_only_managers_change_it(watch: Any) -> None:
    watch.write("weather", ROWS)
    watch.watch("weather", **HOURLY)
    catalog = watch.catalog
    catalog.identities.create_user(SYSTEM, "bob")
    catalog.grants.grant(SYSTEM, "bob", [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
    catalog.grants.grant(SYSTEM, "bob", [Privilege.USE_SCHEMA], SecurableKind.SCHEMA, "dev.shop")
    bob = catalog.identities.principal("bob")
    with pytest.raises((Denied, NotFound)):
        watch.monitors.get(bob, WEATHER)
    assert watch.monitors.list(bob) == []
    catalog.grants.grant(SYSTEM, "bob", [Privilege.SELECT], SecurableKind.TABLE, str(WEATHER))
    bob = catalog.identities.principal("bob")
    assert watch.monitors.get(bob, WEATHER).owner == "root"
    for change in (
        lambda: watch.monitors.delete(bob, WEATHER),
        lambda: watch.monitors.refreshes.ask(bob, WEATHER),
        lambda: watch.monitors.update(bob, WEATHER, settings()),
        lambda: watch.monitors.refreshes.begin(bob, "any", run_id=1, refresh_id=None),
    ):
        with pytest.raises((Denied, NotFound)):
            change()


def test_a_run_that_ends_without_a_word_ends_its_refresh(watch: Any) -> None:
    watch.write("weather", ROWS)
    watch.watch("weather", **HOURLY)
    asked = watch.monitors.refreshes.ask(watch.root, WEATHER)
    watch.runs.ended[asked.run_id] = RunEnd(is_good=False, is_cancelled=False, message="killed")
    assert watch.monitors.look() == 1
    found = watch.monitors.refreshes.get(watch.root, WEATHER, asked.refresh_id)
    assert found.state is RefreshState.FAILED and found.message == "killed"
    assert watch.monitors.get(watch.root, WEATHER).status is MonitorStatus.ERROR
    assert [each.table_name for each in watch.monitors.failing(watch.root)] == [str(WEATHER)]
    watch.refresh("weather")
    assert watch.monitors.failing(watch.root) == []
    assert watch.monitors.get(watch.root, WEATHER).status is MonitorStatus.ACTIVE


def test_a_cancelled_refresh_cannot_say_that_it_is_done(watch: Any) -> None:
    watch.write("weather", ROWS)
    watch.watch("weather", **HOURLY)
    asked = watch.monitors.refreshes.ask(watch.root, WEATHER)
    assert watch.monitors.refreshes.cancel(watch.root, WEATHER, asked.refresh_id).state is RefreshState.CANCELED
    with pytest.raises(Conflict, match="cancelled"):
        watch.carry_out(asked)


def test_a_table_that_is_renamed_stays_watched(watch: Any) -> None:
    watch.write("weather", ROWS)
    watch.watch("weather", **HOURLY)
    watch.catalog.securables.rename(watch.root, SecurableKind.TABLE, "dev.shop.weather", "dev.shop.climate")
    watch.monitors.look()
    assert watch.monitors.get(watch.root, TableName.parse("dev.shop.climate")).status is MonitorStatus.ACTIVE


def test_a_monitor_that_is_deleted_takes_its_job_along_and_leaves_its_tables(watch: Any) -> None:
    watch.write("weather", ROWS)
    watch.watch("weather", **HOURLY)
    watch.refresh("weather")
    watch.monitors.delete(watch.root, WEATHER)
    assert not watch.runs.jobs and watch.rows("weather_profile_metrics")
    watch.watch("weather", **HOURLY)


def test_a_table_that_is_gone_is_said_so_until_another_one_takes_its_name(watch: Any) -> None:
    watch.write("weather", ROWS)
    watch.watch("weather", **HOURLY)
    watch.refresh("weather")
    watch.session.sql("DROP TABLE dev.shop.weather")
    assert watch.monitors.look() == 1 and watch.monitors.look() == 0
    found = watch.monitors.get(watch.root, WEATHER)
    assert found.status is MonitorStatus.ERROR and "is gone" in (found.failure or "")
    watch.write("weather", [{**ROWS[0], "temp": 9.0}])
    assert watch.monitors.look() == 1
    assert "another table has taken the name" in watch.refresh("weather").message
    assert [row["avg"] for row in watch.rows("weather_profile_metrics", "column_name = 'temp'")] == [9.0]


def test_a_metric_with_the_name_of_a_column_of_the_metric_tables_is_refused(watch) -> None:
    from boathouse.monitoring.metrics.drift_rows import drift_schema
    from boathouse.monitoring.metrics.profile_rows import profile_schema
    from boathouse.monitoring.monitors.reserved import RESERVED

    watch.write("priced", [{"price": 1.0, "who": "1", "when": 1}])
    metric = {"name": "AVG", "type": "CUSTOM_METRIC_TYPE_AGGREGATE", "input_columns": [":table"],
              "definition": "avg(price)", "output_data_type": "double"}  # fmt: skip
    with pytest.raises(DoesNotFit, match="a column AVG already"):
        watch.watch("priced", snapshot={}, custom_metrics=[metric])
    with pytest.raises(DoesNotFit, match="a column log_loss already"):
        watch.watch("priced", snapshot={}, boathouse={"kpis": [{"name": "log_loss", "sql": "sum(price)"}]})

    log = {"problem_type": "PROBLEM_TYPE_CLASSIFICATION", "timestamp_col": "when", "granularities": ["1 day"],
           "prediction_col": "price", "model_id_col": "who"}  # fmt: skip
    money = {"cost_matrix": {"true_positive": 1, "false_positive": -1, "false_negative": -1},
             "running_cost": {"per_hour": 1.0}, "positive_label": 1}  # fmt: skip
    full = MonitorSettings.model_validate(
        {"output_schema_name": "dev.watched", "inference_log": log, "boathouse": {**money}}
    )
    names = {*profile_schema(full, {}).names, *drift_schema(full, {}).names} - {"who"}
    assert names <= RESERVED, "a column that came later is to be reserved too"
