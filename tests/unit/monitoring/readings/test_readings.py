"""What monitors have measured, read for people."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.monitoring.conftest import Watch

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.monitoring.readings.nouns import Wanted
from boathouse.monitoring.readings.rows import figures_in, intervals_in
from boathouse.monitoring.readings.service import Readings
from boathouse.session import LocalLaw, Session

DAY = timedelta(days=1)
FIRST = datetime(2013, 1, 1, tzinfo=UTC)
TABLE = "dev.shop.weather"


@pytest.fixture
def readings(watch: Watch) -> Readings:
    watch.write("weather_then", [{"at": FIRST, "wind": float(each), "sky": "clear"} for each in range(20)])
    rows = [
        {"at": FIRST + day * DAY + timedelta(hours=hour), "wind": float(hour + 10 * day) if hour else None,
         "sky": "clear" if hour % 3 else "fog"}
        for day in range(3) for hour in range(24)
    ]  # fmt: skip
    watch.write("weather", rows)
    watch.watch(
        "weather", time_series={"timestamp_col": "at", "granularities": ["1 day"]}, slicing_exprs=["sky"],
        baseline_table_name="dev.shop.weather_then",
    )  # fmt: skip
    watch.refresh("weather")
    law, engine = LocalLaw(watch.catalog), watch.session.engine
    return Readings(watch.catalog, lambda principal: Session(principal, law, engine))


def test_one_learns_what_can_be_asked_for(watch: Watch, readings: Readings) -> None:
    found = readings.choices(watch.root, TABLE)

    assert found.granularities == ("1 day",)
    assert {":table", "wind", "sky"} <= set(found.columns)
    assert ("sky", "fog") in found.slices
    assert found.newest["1 day"] == epoch_ms(FIRST + 3 * DAY)


def test_a_series_has_the_figures_of_each_window_and_its_drift_beside_them(watch: Watch, readings: Readings) -> None:
    found = readings.series(watch.root, Wanted(TABLE, "wind", "1 day"))

    assert [each.start for each in found] == [epoch_ms(FIRST + day * DAY) for day in range(3)]
    assert [each.figures["num_nulls"] for each in found] == [1, 1, 1]
    assert found[1].figures["avg"] == pytest.approx(22.0)
    assert 0 < found[1].figures["js_distance"] <= 1
    assert "consecutive.js_distance" in found[1].figures and "consecutive.js_distance" not in found[0].figures
    assert found[0].version == 0
    assert [len(readings.series(watch.root, Wanted(TABLE, "wind", "1 day", windows=2)))] == [2]


def test_a_slice_is_read_alone(watch: Watch, readings: Readings) -> None:
    found = readings.series(watch.root, Wanted(TABLE, "wind", "1 day", slice_key="sky", slice_value="fog"))

    assert [each.figures["count"] for each in found] == [7, 7, 7]


def test_the_drift_of_the_last_window_has_all_columns(watch: Watch, readings: Readings) -> None:
    found = readings.drift(watch.root, Wanted(TABLE, granularity="1 day"))

    assert {each.kind for each in found} == {"BASELINE", "CONSECUTIVE"}
    assert {each.start for each in found} == {epoch_ms(FIRST + 2 * DAY)}
    by = {(each.kind, each.column): each for each in found}
    assert by["BASELINE", "wind"].figures["ks_test.statistic"] > 0.5
    assert by["CONSECUTIVE", "wind"].compared == (epoch_ms(FIRST + DAY), epoch_ms(FIRST + 2 * DAY))


def test_a_window_stands_beside_the_one_before_and_the_baseline(watch: Watch, readings: Readings) -> None:
    found = readings.shapes(watch.root, Wanted(TABLE, "wind", "1 day"), epoch_ms(FIRST + DAY))

    assert found.window is not None and found.before is not None and found.baseline is not None
    assert (found.window.start, found.before.start) == (epoch_ms(FIRST + DAY), epoch_ms(FIRST))
    assert (found.window.rows, found.window.nulls) == (23, 1)
    assert found.window.edges == found.baseline.edges
    assert sum(found.baseline.counts) == 20
    sky = readings.shapes(watch.root, Wanted(TABLE, "sky", "1 day"))
    assert sky.window is not None and sky.window.items == {"clear": 16, "fog": 8}
    assert sky.window.is_counted


def test_who_may_not_read_the_metric_tables_reads_none_through_this(watch: Watch, readings: Readings) -> None:
    watch.catalog.identities.create_user(watch.root, "eve")
    eve = watch.catalog.identities.principal("eve")
    with pytest.raises(NotFound):
        readings.choices(eve, TABLE)

    watch.catalog.grants.grant(watch.root, "eve", [Privilege.SELECT], SecurableKind.TABLE, TABLE)
    watch.catalog.grants.grant(watch.root, "eve", [Privilege.USE_SCHEMA], SecurableKind.SCHEMA, "dev.shop")
    watch.catalog.grants.grant(watch.root, "eve", [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
    with pytest.raises((Denied, NotFound)):
        readings.series(eve, Wanted(TABLE, "wind", "1 day"))


def test_before_the_first_refresh_there_is_nothing(watch: Watch) -> None:
    watch.write("young", [{"wind": 1.0}])
    watch.watch("young", snapshot={})
    readings = Readings(watch.catalog, lambda _: watch.session)

    assert readings.choices(watch.root, "dev.shop.young").columns == {}
    assert readings.shapes(watch.root, Wanted("dev.shop.young", "wind")).window is None
    with pytest.raises(InvalidInput):
        readings.series(watch.root, Wanted("dev.shop.young", windows=0))
    watch.refresh("young")
    assert readings.choices(watch.root, "dev.shop.young").granularities == (None,)
    assert [each.figures["avg"] for each in readings.series(watch.root, Wanted("dev.shop.young", "wind"))] == [1.0]


def test_structs_and_maps_become_figures_with_a_dot() -> None:
    row = {
        "roc_auc_score": {"one_vs_all": [("1", 0.7)], "macro": 0.6, "weighted": None},
        "roc_auc_interval": {"low": 0.5, "high": 0.7},
        "avg": float("nan"), "column_name": "x", "monitor_version": 3,
    }  # fmt: skip

    assert figures_in(row) == {"roc_auc_score.one_vs_all.1": 0.7, "roc_auc_score.macro": 0.6}
    assert intervals_in(row) == {"roc_auc_score.macro": (0.5, 0.7)}


def test_standings_tell_the_newest_refresh_and_how_fresh_the_data_are(watch: Watch, readings: Readings) -> None:
    (found,) = watch.monitors.standings(watch.root)

    assert found.latest is not None and found.latest.state.value == "SUCCESS"
    assert found.newest == epoch_ms(FIRST + 2 * DAY)
    assert watch.monitors.standing(watch.root, TableName.parse(TABLE)) == found


def test_of_each_window_the_column_that_is_farthest_is_told(watch: Watch, readings: Readings) -> None:
    found = readings.farthest(watch.root, Wanted(TABLE, granularity="1 day", windows=2))

    assert [each.start for each in found] == [epoch_ms(FIRST + day * DAY) for day in (1, 2)]
    assert {(each.column, each.kind) for each in found} == {("wind", "BASELINE")}
    assert all(0 < each.distance <= 1 for each in found)
