"""The model learns from the past only, is repeatable, and is judged before it is promoted."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from flights.columns import FEATURES
from flights.encoding import encode
from flights.evaluation import score
from flights.features import build_labels
from flights.jobs.store import make_usual_share
from flights.training import (
    forecast_naively,
    known_examples,
    naive_forecast,
    shuffled,
    train,
    usual_shares,
    vocabulary_of,
)


@pytest.fixture(scope="module")
def examples(store, questions, flights) -> pl.DataFrame:
    labels = pl.from_arrow(build_labels(flights.to_arrow()))
    end = questions["asked_at"].max() + timedelta(days=2)
    return store.answers(known_examples(questions, labels, asked_from=None, asked_until=end, known_by=end))


def test_a_flight_still_in_the_air_teaches_nothing(examples):
    # given a moment at which some flights had been asked about but had not landed
    features, labels = examples.drop("late"), _labels(examples)
    cut = features["asked_at"][700]

    known = known_examples(features, labels, asked_from=None, asked_until=cut, known_by=cut)

    assert known.height < features.filter(pl.col("asked_at") < cut).height
    assert (labels.join(known, on="flight_id")["known_at"] <= cut).all()


def test_training_twice_gives_the_same_trees(examples):
    assert train(examples).booster.model_to_string() == train(examples).booster.model_to_string()


def test_one_outcome_teaches_nothing(examples):
    with pytest.raises(ValueError, match="nothing to learn from"):
        train(examples.filter(pl.col("late")))


def test_a_value_that_training_has_not_seen_is_missing(examples):
    vocabulary = vocabulary_of(examples)
    stranger = examples.head(1).with_columns(dest=pl.lit("ZZZ"))

    encoded = encode(stranger, vocabulary)

    assert encoded.shape == (1, len(FEATURES))
    assert np.isnan(encoded[0, FEATURES.index("dest")])


def test_pandas_and_polars_are_encoded_alike(examples):
    vocabulary = vocabulary_of(examples)

    np.testing.assert_array_equal(encode(examples, vocabulary), encode(examples.to_pandas(), vocabulary))


def test_the_naive_forecast_has_an_answer_for_every_flight(examples):
    baseline = naive_forecast(examples)
    stranger = examples.with_columns(carrier=pl.lit("??"))

    assert forecast_naively(baseline, stranger).is_between(0, 1).all()
    assert forecast_naively(baseline, examples).len() == examples.height


def test_each_round_learns_something(examples):
    losses = train(examples).losses

    assert all(later < earlier for earlier, later in pairwise(losses))


def test_shuffled_outcomes_are_as_many_and_of_other_flights(examples):
    nonsense = shuffled(examples)

    assert nonsense["late"].sum() == examples["late"].sum()
    assert (nonsense["late"] != examples["late"]).any()
    assert nonsense.drop("late").equals(examples.drop("late"))


def test_a_perfect_and_a_useless_forecast_are_told_apart():
    late = np.arange(1000) % 4 == 0

    perfect, useless = score(late, np.where(late, 0.99, 0.01)), score(late, np.full(1000, 0.25))

    assert perfect.auc == 1 and useless.auc == 0.5
    assert perfect.log_loss < useless.log_loss
    assert useless.calibration_error < 0.02


@pytest.mark.parametrize("late", [[True] * 500, [False] * 500, [True, False] * 10, []])
def test_an_evaluation_that_measures_nothing_is_refused(late):
    with pytest.raises(ValueError, match="measure nothing"):
        score(late, [0.5] * len(late))


def _labels(examples: pl.DataFrame) -> pl.DataFrame:
    return examples.select("flight_id", "late", known_at=pl.col("asked_at") + pl.duration(hours=5))


def test_the_rule_below_the_models_says_the_carriers_last_week_or_else_its_usual_share(examples, store):
    shares, overall = usual_shares(examples)

    make_usual_share(store.session, store.schema, shares, overall)

    carrier, share = next(iter(shares.items()))
    assert share == pytest.approx(examples.filter(carrier=carrier)["late"].mean())
    given = (f"'{carrier}', 0.5", f"'{carrier}'", "'?'")
    asked = ", ".join(f"{store.schema}.usual_late_share({each}) AS a{at}" for at, each in enumerate(given))
    said = store.session.sql(f"SELECT {asked}").rows()[0]
    assert list(said.values()) == pytest.approx([0.5, share, overall], abs=1e-4)
