"""What is known on the evening before a day: its weather forecast, its calendar, and the rides of the days before."""

import polars as pl

FEATURES = [
    "temperature_c", "rain_mm", "wind_kmh", "is_holiday", "weekday", "month",
    "rides_1_day_before", "rides_7_days_before", "mean_rides_of_7_days_before",
]  # fmt: skip
LABEL = "rides"


def build_features(rides: pl.DataFrame) -> pl.DataFrame:
    """One row per day that has a week of history; nothing in it was unknown the evening before."""
    return (
        rides.sort("day")
        .with_columns(
            weekday=pl.col("day").dt.weekday().cast(pl.Int64),
            month=pl.col("day").dt.month().cast(pl.Int64),
            rides_1_day_before=pl.col("rides").shift(1).cast(pl.Float64),
            rides_7_days_before=pl.col("rides").shift(7).cast(pl.Float64),
            mean_rides_of_7_days_before=pl.col("rides").shift(1).rolling_mean(7),
        )
        .drop_nulls()
        .select("day", *FEATURES, LABEL)
    )


def split_by_time(features: pl.DataFrame, test_days: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The past to learn from, and the last days to be judged on. Never shuffled: time has a direction."""
    if not 0 < test_days < len(features):
        raise ValueError(f"test_days must lie between 1 and {len(features) - 1}; it is {test_days}.")
    return features.head(len(features) - test_days), features.tail(test_days)
