"""Learning from what had landed, and nothing later."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from flights.columns import CATEGORIES, FEATURES
from flights.encoding import Vocabulary, encode

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 40,
    "max_bin": 63,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.8,
    "cat_smooth": 20.0,
    # The same data must give the same trees: a fixed seed, and sums by one thread in one order.
    "seed": 2013,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
ROUNDS = 80


@dataclass(frozen=True, slots=True)
class Trained:
    """A booster with what it needs to answer and what it is compared with."""

    booster: Any
    vocabulary: Vocabulary
    losses: tuple[float, ...]
    """The log loss over the training data after each round."""
    rows: int
    late_share: float


def known_examples(
    questions: pl.DataFrame,
    labels: pl.DataFrame,
    *,
    asked_from: datetime | None = None,
    asked_until: datetime,
    known_by: datetime,
) -> pl.DataFrame:
    """Questions of ``[asked_from, asked_until)`` whose outcome was known by ``known_by``, with the outcome."""
    asked = pl.col("asked_at") < asked_until
    if asked_from is not None:
        asked &= pl.col("asked_at") >= asked_from
    known = labels.filter(pl.col("known_at") <= known_by).select("flight_id", "late")
    return questions.filter(asked).join(known, on="flight_id").sort("asked_at", "flight_id")


def train(examples: pl.DataFrame) -> Trained:
    """Fit the trees.

    Raises:
        ValueError: There is nothing to learn from: no rows, or only one outcome.
    """
    import lightgbm

    late = examples["late"]
    if late.n_unique() < 2:
        raise ValueError(f"There is nothing to learn from {examples.height} flights with {late.n_unique()} outcomes.")
    vocabulary = vocabulary_of(examples)
    data = lightgbm.Dataset(
        encode(examples, vocabulary),
        label=late.cast(pl.Int8).to_numpy(),
        feature_name=list(FEATURES),
        categorical_feature=list(CATEGORIES),
        params=PARAMETERS,
    )
    curve: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        PARAMETERS,
        data,
        num_boost_round=ROUNDS,
        valid_sets=[data],
        valid_names=["training"],
        callbacks=[lightgbm.record_evaluation(curve)],
    )
    losses = tuple(curve["training"]["binary_logloss"])
    return Trained(booster, vocabulary, losses, examples.height, float(late.mean()))


def shuffled(examples: pl.DataFrame) -> pl.DataFrame:
    """The same questions with each other's outcomes: what can be learned from them is worth nothing."""
    return examples.with_columns(late=pl.col("late").shuffle(seed=2013))


def vocabulary_of(examples: pl.DataFrame) -> Vocabulary:
    """The values of each category that the model will know."""
    return {name: sorted(examples[name].drop_nulls().unique().to_list()) for name in CATEGORIES}


def naive_forecast(examples: pl.DataFrame) -> pl.DataFrame:
    """The late share per carrier and hour of the day, drawn towards the overall share where flights are few."""
    overall, weight = examples["late"].mean(), 50
    return (
        examples.group_by("carrier", hour=(pl.col("minute_of_day") // 60).cast(pl.Int32))
        .agg(late=pl.col("late").sum(), flights=pl.len())
        .select("carrier", "hour", expected=(pl.col("late") + overall * weight) / (pl.col("flights") + weight))
        .sort("carrier", "hour")
    )


def forecast_naively(baseline: pl.DataFrame, examples: pl.DataFrame) -> pl.Series:
    """What the naive forecast says of these flights."""
    keys = examples.select("carrier", hour=(pl.col("minute_of_day") // 60).cast(pl.Int32))
    expected = keys.join(baseline, on=["carrier", "hour"], how="left", maintain_order="left")["expected"]
    return expected.fill_null(float(baseline["expected"].mean()))


def usual_shares(examples: pl.DataFrame) -> tuple[dict[str, float], float]:
    """The late share of each carrier, and of all flights."""
    shares = examples.group_by("carrier").agg(late=pl.col("late").mean()).sort("carrier")
    return dict(shares.iter_rows()), float(examples["late"].mean())
