"""What the year has come to: what was said of each flight, and what the first model would have said, left alone."""

from datetime import datetime

import polars as pl

import boathouse as bh
from boathouse.features import FeatureEngineeringClient
from flights.clocks import NEW_YORK
from flights.jobs.arguments import Arguments


def compare() -> None:
    """The table ``year``: each flight whose outcome is known, with the answer of the version that the desk was answered
    by in those weeks, and that of the first one. Features are those that were known when we were asked."""
    arguments = Arguments.read()
    assert arguments.since is not None
    reigns = _reigns(arguments)
    labels = bh.table(arguments.table("labels")).pl().select("flight_id", "late")
    window = f"asked_at >= '{arguments.since.isoformat()}' AND asked_at < '{arguments.as_of.isoformat()}'"
    asked = bh.table(arguments.table("questions"), where=window).pl().sort("asked_at", "flight_id")
    asked = asked.join(labels, on="flight_id", maintain_order="left").with_columns(version=_version(reigns))
    first = reigns[0][1]
    with_features = _answered(arguments, asked.drop("version", "late"), first)
    answered = _said(with_features).rename({"said": "first_probability"})
    # What was looked up for the first one is what the others are asked with.
    known = with_features.drop("prediction")
    others = [
        _said(_answered(arguments, known.join(asked.filter(version=version), on="flight_id", how="semi"), version))
        for version in sorted({version for _, version in reigns} - {first})
    ]
    own = pl.concat([answered.join(asked.filter(version=first), on="flight_id", how="semi")
                     .rename({"first_probability": "said"}), *others])  # fmt: skip
    rows = (
        asked.join(answered, on="flight_id")
        .join(own, on="flight_id")
        .select(
            "flight_id",
            "asked_at",
            pl.col("asked_at").dt.convert_time_zone(str(NEW_YORK)).dt.strftime("%Y-%m").alias("month"),
            "late",
            pl.col("version").alias("model_version"),
            pl.col("said").alias("late_probability"),
            pl.lit(first).alias("first_version"),
            "first_probability",
        )
        .sort("asked_at", "flight_id")
    )
    report = bh.write_table(arguments.table("year"), rows, mode="overwrite")
    print(f"{report.table} version {report.version}: {report.rows:,} flights, answered by versions {reigns}")


def _reigns(arguments: Arguments) -> list[tuple[datetime, int]]:
    """Since when the desk was answered by which version, as it has written down."""
    text = (
        f"SELECT model_version, min(asked_at) AS since FROM {arguments.table('decisions')} "
        "WHERE model_version IS NOT NULL GROUP BY 1 ORDER BY 2"
    )
    return [(row["since"], int(row["model_version"])) for row in bh.sql(text).rows()]


def _version(reigns: list[tuple[datetime, int]]) -> pl.Expr:
    """The version that answered at an instant: the months are those of New York, as the changes were."""
    month = pl.col("asked_at").dt.convert_time_zone(str(NEW_YORK)).dt.strftime("%Y-%m")
    found = pl.lit(reigns[0][1])
    for since, version in reigns[1:]:
        begins = f"{since.astimezone(NEW_YORK):%Y-%m}"
        found = pl.when(month >= begins).then(pl.lit(version)).otherwise(found)
    return found.cast(pl.Int64)


def _answered(arguments: Arguments, asked: pl.DataFrame, version: int) -> pl.DataFrame:
    """What was asked, with features and what a version predicts."""
    return FeatureEngineeringClient().score_batch(model_uri=f"models:/{arguments.model}/{version}", df=asked)


def _said(answered: pl.DataFrame) -> pl.DataFrame:
    return answered.select("flight_id", pl.col("prediction").alias("said"))
