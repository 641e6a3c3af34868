from datetime import date, timedelta

import polars as pl
import pytest

from PROJECT_PACKAGE.feature_table import build_features, split_by_time


def rides_of(days: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "day": [date(2024, 1, 1) + timedelta(days=number) for number in range(days)],
            "temperature_c": [10.0] * days,
            "rain_mm": [0.0] * days,
            "wind_kmh": [5.0] * days,
            "is_holiday": [0] * days,
            "rides": list(range(days)),
        }
    )


def test_features_know_only_the_days_before():
    first = build_features(rides_of(10)).row(0, named=True)
    assert first["day"] == date(2024, 1, 8)
    assert (first["rides_1_day_before"], first["rides_7_days_before"]) == (6, 0)
    assert first["mean_rides_of_7_days_before"] == 3


def test_what_happens_on_a_day_does_not_change_its_features():
    rides = rides_of(10)
    changed = rides.with_columns(rides=pl.when(pl.col("day") == date(2024, 1, 10)).then(999).otherwise("rides"))
    assert build_features(rides).drop("rides").equals(build_features(changed).drop("rides"))


def test_the_split_keeps_the_order_of_time():
    train, test = split_by_time(build_features(rides_of(30)), 5)
    assert train["day"].max() < test["day"].min()
    assert len(test) == 5


@pytest.mark.parametrize("days", [0, 23, -1])
def test_a_split_that_leaves_nothing_is_refused(days):
    with pytest.raises(ValueError, match="test_days must lie between"):
        split_by_time(build_features(rides_of(30)), days)
