"""Batch scoring: what the champion says of every flight that we have been asked about since it was trained."""

from datetime import UTC, datetime

import mlflow
import polars as pl

import boathouse as bh
from boathouse.features import FeatureEngineeringClient
from flights.jobs.arguments import Arguments


def score() -> None:
    """Predictions with the version that made them, the instant they stand for and the present they were made in."""
    arguments = Arguments.read()
    champion = mlflow.MlflowClient().get_model_version_by_alias(arguments.model, "champion")
    window = (
        f"asked_at >= '{arguments.windows.train_until.isoformat()}' AND asked_at <= '{arguments.as_of.isoformat()}'"
    )
    asked = bh.table(arguments.table("questions"), where=window).pl()
    # The model carries the recipe of its features: it takes keys and instants, the rest is looked up as it was known.
    answered = FeatureEngineeringClient().score_batch(
        model_uri=f"models:/{arguments.model}/{champion.version}", df=asked
    )
    predictions = answered.select(
        "flight_id",
        "scheduled_departure_at",
        "carrier",
        "origin",
        "dest",
        late_probability="prediction",
        model_name=pl.lit(arguments.model),
        model_version=pl.lit(int(champion.version), pl.Int32),
        predicted_at=pl.col("asked_at"),
        as_of=pl.lit(arguments.as_of),
        scored_at=pl.lit(datetime.now(UTC)),
    )
    report = bh.write_table(
        arguments.table("predictions"), predictions, mode="merge", merge_on=["flight_id", "model_version"]
    )
    print(f"{report.table} version {report.version}: {report.rows:,} flights scored by version {champion.version}")
