"""The leak signals of whole training sets: those that need the clocks of the tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from boathouse.features import FeatureEngineeringClient, FeatureLookup, TrainingSet
from boathouse.features.leaks import (
    LeakReport,
    LeakSignal,
    LeakVerdict,
    freshness,
    identifiers,
    known_time,
    shared_entities,
    single_feature,
)
from boathouse.foundation.errors import InvalidInput

ROWS = 400
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
DICE = np.random.default_rng(3)
SICK = DICE.random(ROWS) < 0.4


def day(number: float) -> datetime:
    return FIRST + timedelta(days=number)


def visits() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "patient": [f"p{number}" for number in DICE.permutation(ROWS)],
            "at": [day(10 + number % 7) for number in range(ROWS)],
            "outcome_at": [day(20) for _ in range(ROWS)],
            "sick": SICK,
            "side": np.where(np.arange(ROWS) < 300, "train", "test"),
        }
    )


@pytest.fixture
def made(fe: FeatureEngineeringClient) -> Any:
    """Blood pressure before the visit; a note that is written after the outcome, and back-dated."""

    def make(**options: Any) -> TrainingSet:
        frame = visits()
        before = frame.select("patient", at=pl.lit(day(5)), known_at=pl.lit(day(6)), note=DICE.normal(size=ROWS))
        after = frame.select(
            "patient", at=pl.lit(day(9)), known_at=pl.lit(day(21)), note=pl.col("sick").cast(pl.Float64)
        )
        fe.create_table(
            name="dev.shop.notes", primary_keys="patient", timeseries_column="at", known_time="known_at",
            df=pl.concat([before, after]),
        )  # fmt: skip
        wishes = {"lookup_key": "patient", "timestamp_lookup_key": "at", **options.pop("lookup", {})}
        lookup = FeatureLookup("dev.shop.notes", **wishes)
        return fe.create_training_set(df=frame, feature_lookups=[lookup], label="sick", **options)

    return make


def the(report: LeakReport, name: str) -> LeakSignal:
    [signal] = report.of(name)
    return signal


def test_known_values_give_no_signal_and_say_what_known_time_keeps_out(made: Any) -> None:
    report = made().leak_signals(split="side")
    assert report.suspicious == []
    assert the(report, freshness.FRESHER).verdict is LeakVerdict.CLEAR
    assert the(report, known_time.NAME).score == 1
    assert the(report, shared_entities.NAME).score == 0
    assert the(report, identifiers.NAME).column == "patient"


def test_the_corrected_view_is_found_by_three_signals(made: Any) -> None:
    report = made(as_of="latest").leak_signals()
    assert {signal.name for signal in report.suspicious} == {single_feature.NAME, freshness.FRESHER, known_time.NAME}
    assert report[0].advice


@pytest.mark.filterwarnings("ignore:The lookup in")
def test_a_lookup_without_an_instant_is_fresher_than_its_label(made: Any) -> None:
    found = made(lookup={"timestamp_lookup_key": None})
    assert the(found.leak_signals(label_time="at"), freshness.FRESHER).is_suspicious
    assert the(found.leak_signals(label_time="outcome_at"), freshness.FRESHER).is_suspicious


def test_a_label_that_is_known_when_its_features_are_looked_up_is_suspicious(made: Any) -> None:
    found = made(lookup={"timestamp_lookup_key": "outcome_at"})
    assert the(found.leak_signals(label_known="outcome_at"), freshness.KNOWN_LABEL).is_suspicious
    assert not the(found.leak_signals(label_known="outcome_at"), freshness.FRESHER).is_suspicious


def test_keys_that_the_set_leaves_out_are_looked_at_all_the_same(made: Any) -> None:
    report = made(exclude_columns=["patient", "at"]).leak_signals(split_at=day(13))
    assert the(report, shared_entities.NAME).verdict is not None


def test_columns_that_are_not_there_and_sets_without_label_are_refused(made: Any, fe: FeatureEngineeringClient) -> None:
    with pytest.raises(InvalidInput, match=r"no column sied.*side"):
        made().leak_signals(split="sied")
    lookup = FeatureLookup("dev.shop.notes", lookup_key="patient", timestamp_lookup_key="at")
    unlabelled = fe.create_training_set(df=visits(), feature_lookups=[lookup], label=None)
    with pytest.raises(InvalidInput, match="without a label"):
        unlabelled.leak_signals()
