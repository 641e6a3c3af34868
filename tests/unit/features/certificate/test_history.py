"""A certificate holds what a table says against what it said then: values that were not there yet are found out."""

import time
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from tests.unit.features.certificate.shop import AT_THE_SAME_TIME, hour, the, training_set

from boathouse.features import FeatureEngineeringClient, FeatureLookup
from boathouse.features.certificate import CertificateVerdict, CheckVerdict, history
from boathouse.session import Session


@pytest.fixture
def now_flights(fe: FeatureEngineeringClient) -> pl.DataFrame:
    """Rows at an instant between two versions of a table."""
    first = pl.DataFrame({"station": ["JFK"], "at": [hour(0)], "known_at": [hour(0)], "temp": [1.0]})
    fe.create_table(
        name="dev.shop.lying", primary_keys="station", timeseries_column="at", known_time="known_at", df=first
    )
    time.sleep(0.02)
    rows = pl.DataFrame({"origin": ["JFK"], "leaves": [datetime.now(UTC)], "late": [True]})
    time.sleep(0.02)
    return rows


@pytest.mark.parametrize("honest", [True, False])
def test_a_known_time_that_lies_is_found_out_by_the_history_of_the_table(
    fe: FeatureEngineeringClient, now_flights: pl.DataFrame, *, honest: bool
) -> None:
    known = datetime.now(UTC) if honest else hour(1)
    late = pl.DataFrame({"station": ["JFK"], "at": [hour(1)], "known_at": [known], "temp": [2.0]})
    fe.write_table(name="dev.shop.lying", df=late)
    lookup = FeatureLookup("dev.shop.lying", lookup_key="origin", timestamp_lookup_key="leaves")
    certificate = training_set(fe, [lookup], now_flights).certify(grace=AT_THE_SAME_TIME)
    check = the(certificate, history.NAME, "dev.shop.lying")
    assert check.measured == 1
    if honest:
        assert check.verdict is CheckVerdict.PASSED
        assert certificate.verdict is CertificateVerdict.PASSED
    else:
        assert check.verdict is CheckVerdict.FAILED
        assert check.examples[0]["feature"] == "temp"
        assert "not in the table at the instant" in str(certificate)
        left_out = training_set(fe, [lookup], now_flights).certify(history=False)
        assert left_out.verdict is CertificateVerdict.PASSED
        assert history.NAME not in {check.name for check in left_out.checks}


def test_a_write_may_take_a_moment(fe: FeatureEngineeringClient, now_flights: pl.DataFrame) -> None:
    late = pl.DataFrame({"station": ["JFK"], "at": [hour(1)], "known_at": [hour(1)], "temp": [2.0]})
    fe.write_table(name="dev.shop.lying", df=late)
    lookup = FeatureLookup("dev.shop.lying", lookup_key="origin", timestamp_lookup_key="leaves")
    certificate = training_set(fe, [lookup], now_flights).certify(grace=timedelta(hours=1))
    assert the(certificate, history.NAME, "dev.shop.lying").verdict is CheckVerdict.PASSED


def test_a_value_that_was_changed_in_place_is_found_out(
    fe: FeatureEngineeringClient, now_flights: pl.DataFrame
) -> None:
    changed = pl.DataFrame({"station": ["JFK"], "at": [hour(0)], "known_at": [hour(0)], "temp": [9.0]})
    fe.write_table(name="dev.shop.lying", df=changed, mode="overwrite")
    lookup = FeatureLookup("dev.shop.lying", lookup_key="origin", timestamp_lookup_key="leaves")
    certificate = training_set(fe, [lookup], now_flights).certify(grace=AT_THE_SAME_TIME)
    assert the(certificate, history.NAME, "dev.shop.lying").verdict is CheckVerdict.FAILED


def test_a_feature_that_was_added_later_has_no_history_to_be_held_against(
    fe: FeatureEngineeringClient, session: Session, now_flights: pl.DataFrame
) -> None:
    wider = pl.DataFrame({"station": ["JFK"], "at": [hour(0)], "known_at": [hour(0)], "temp": [1.0], "wind": [3]})
    session.write_table("dev.shop.lying", wider, mode="overwrite", schema_mode="merge")
    lookup = FeatureLookup("dev.shop.lying", lookup_key="origin", timestamp_lookup_key="leaves", feature_names="wind")
    certificate = training_set(fe, [lookup], now_flights).certify(grace=AT_THE_SAME_TIME)
    assert the(certificate, history.NAME, "dev.shop.lying").verdict is CheckVerdict.NOT_APPLICABLE
    assert certificate.verdict is CertificateVerdict.PASSED


def test_a_table_that_knows_by_commit_is_proven_by_its_own_history(fe: FeatureEngineeringClient) -> None:
    first = pl.DataFrame({"station": ["JFK", "LGA"], "at": [hour(0)] * 2, "temp": [1.0, 5.0]})
    fe.create_table(name="dev.shop.told", primary_keys="station", timeseries_column="at", known_time="commit", df=first)
    time.sleep(0.02)
    asked = pl.DataFrame({"origin": ["JFK", "LGA"], "leaves": [datetime.now(UTC)] * 2, "late": [True, False]})
    time.sleep(0.02)
    fe.write_table(name="dev.shop.told", df=first.with_columns(temp=pl.col("temp") + 1))
    lookup = FeatureLookup("dev.shop.told", lookup_key="origin", timestamp_lookup_key="leaves")
    found = training_set(fe, [lookup], asked)
    certificate = found.certify(grace=AT_THE_SAME_TIME)
    assert certificate.verdict is CertificateVerdict.PASSED
    assert found.load_arrow()["temp"].to_pylist() == [1.0, 5.0]
    assert the(certificate, history.NAME, "dev.shop.told").measured == 2
    assert certificate.lookups[0].differing == {"temp": 2}
