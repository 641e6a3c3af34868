"""Features as they were answered with, against the tables that they come from."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.features import FeatureEngineeringClient, FeatureLookup
from boathouse.features.feature_spec import FeatureSpec
from boathouse.features.specs.named_specs import get
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.serving.answering.features import RequestFeatures
from boathouse.serving.endpoints.policy import FeatureRules
from boathouse.serving.scoring.payloads import read_payload
from boathouse.serving.skew import offline
from boathouse.serving.skew.asked import of_requests
from boathouse.serving.skew.measuring import measured
from boathouse.serving.skew.nouns import AskedRow, FeatureSkew
from boathouse.serving.skew.offline import OfflineTables, microseconds_of
from boathouse.session import LocalLaw, Session

NOW = datetime.now(UTC)
TICK = timedelta(microseconds=1)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    home = Home(tmp_path / "home")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home)
    catalog.bootstrap("root")
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "shop"))
    yield Session(catalog.identities.principal("root"), LocalLaw(catalog), DuckDBEngine())
    database.dispose()


@pytest.fixture
def fe(session: Session) -> FeatureEngineeringClient:
    return FeatureEngineeringClient(session=session)


def weather(*rows: tuple[str, datetime, float]) -> pa.Table:
    origin, at, temp = zip(*rows, strict=True)
    return pa.table({"origin": origin, "at": pa.array(at, pa.timestamp("us", "UTC")), "temp": temp})


@pytest.fixture
def spec(fe: FeatureEngineeringClient, session: Session) -> FeatureSpec:
    """Of a table with a clock: one value two hours ago, one a minute ago."""
    fe.create_table(
        name="dev.shop.weather",
        primary_keys=["origin", "at"],
        timeseries_column="at",
        df=weather(("JFK", NOW - timedelta(hours=2), 10.0)),
    )
    fe.write_table(name="dev.shop.weather", df=weather(("JFK", NOW - timedelta(minutes=1), 20.0)))
    return _spec(fe, session, "weather", "temp", "origin")


def _spec(fe: FeatureEngineeringClient, session: Session, table: str, feature: str, key: str) -> FeatureSpec:
    at = "asked_at" if table == "weather" else None
    lookup = FeatureLookup(
        table_name=f"dev.shop.{table}", feature_names=[feature], lookup_key=key, timestamp_lookup_key=at
    )
    fe.create_feature_spec(name=f"dev.shop.{table}_spec", features=[lookup])
    return get(session, f"dev.shop.{table}_spec").spec


def row(value: Any, event: datetime | None, at: datetime | None = None, **inputs: Any) -> AskedRow:
    given = {"origin": "JFK", **inputs}
    return AskedRow("r", 0, at or datetime.now(UTC), given, {"temp": value}, {"temp": microseconds_of(event)})


def skew_of(session: Session, spec: FeatureSpec, *rows: AskedRow, late: timedelta | None = None) -> FeatureSkew:
    (found,) = measured(OfflineTables(session, spec), spec, rows, late=late)
    return found


def test_what_the_table_says_as_of_the_request_is_no_skew(session: Session, spec: FeatureSpec) -> None:
    found = skew_of(
        session,
        spec,
        row(20.0, NOW - timedelta(minutes=1)),
        row(10.0, NOW - timedelta(hours=2), at=NOW - timedelta(minutes=30)),  # the second value was not yet so
        row(None, None, origin="LGA"),
        row(None, None, origin=None),
    )
    assert (found.rows, found.mismatches, found.late, found.corrected) == (4, 0, 0, 0)


def test_a_request_that_says_its_instant_is_compared_as_of_then(session: Session, spec: FeatureSpec) -> None:
    found = skew_of(
        session,
        spec,
        row(10.0, NOW - timedelta(hours=2), asked_at=(NOW - timedelta(minutes=30)).isoformat()),
        row(20.0, NOW - timedelta(minutes=1), asked_at="soon"),  # it says none, so it is that of the request
    )
    assert (found.rows, found.mismatches, found.late, found.corrected) == (2, 0, 0, 0)


def test_another_value_is_skew_and_is_shown(session: Session, spec: FeatureSpec) -> None:
    found = skew_of(
        session, spec, row(20.5, NOW - timedelta(minutes=1)), row(20.0, NOW), row(None, None, origin="JFK"),
        late=TICK,
    )  # fmt: skip
    assert (found.rows, found.mismatches, found.late) == (3, 2, 0)
    assert found.rate == pytest.approx(2 / 3)
    assert found.examples[0] == {"request_id": "r", "row": 0, "online": 20.5, "offline": 20.0}


def test_an_older_value_is_late_while_the_newer_one_is_on_its_way(session: Session, spec: FeatureSpec) -> None:
    older = row(10.0, NOW - timedelta(hours=2))
    assert (skew_of(session, spec, older).late, skew_of(session, spec, older).mismatches) == (1, 0)
    missing = row(None, None)
    assert skew_of(session, spec, missing).late == 1
    after_its_time = skew_of(session, spec, older, late=TICK)
    assert (after_its_time.late, after_its_time.mismatches) == (0, 1)


def test_an_older_value_that_never_was_so_is_skew(session: Session, spec: FeatureSpec) -> None:
    assert skew_of(session, spec, row(11.0, NOW - timedelta(hours=2))).mismatches == 1


@pytest.mark.parametrize("most", [1, 2, 1_000])
def test_rows_that_ask_the_same_are_counted_each(
    session: Session, spec: FeatureSpec, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(offline, "_MOST_TOLD", most)
    at = datetime.now(UTC)
    right, wrong = (row(value, NOW - timedelta(minutes=1), at=at) for value in (20.0, 11.0))
    nobody = [row(None, None, at=at, origin=origin) for origin in ("LGA", None, ["JFK"], {"of": "JFK"})]
    found = skew_of(session, spec, right, *nobody, wrong, right, *nobody, wrong, right, late=TICK)
    assert (found.rows, found.mismatches, found.late, found.corrected) == (13, 2, 0, 0)
    assert [each["online"] for each in found.examples] == [11.0, 11.0]


def test_a_value_that_came_long_after_its_time_may_be_late_by_its_commit(
    session: Session, fe: FeatureEngineeringClient, spec: FeatureSpec
) -> None:
    """The event is old, and the row has been written just now."""
    fe.write_table(name="dev.shop.weather", df=weather(("EWR", NOW - timedelta(days=3), 1.0)))
    assert skew_of(session, spec, row(None, None, origin="EWR")).late == 1
    assert skew_of(session, spec, row(None, None, origin="EWR"), late=TICK).mismatches == 1


def test_a_row_that_tells_of_the_same_event_anew_may_be_late_too(
    session: Session, fe: FeatureEngineeringClient
) -> None:
    """Landings of a day are counted again and again: each row is of the same day, and became known later."""
    day = NOW - timedelta(hours=20)
    known = [NOW - timedelta(minutes=minutes) for minutes in (600, 100, 50, 10)]
    counts = pa.table(
        {
            "origin": ["JFK"] * 4,
            "at": pa.array([day] * 4, pa.timestamp("us", "UTC")),
            "known_at": pa.array(known, pa.timestamp("us", "UTC")),
            "temp": [1.0, 2.0, 3.0, 4.0],
        }
    )
    fe.create_table(
        name="dev.shop.weather", primary_keys=["origin", "at"], timeseries_column="at", known_time="known_at", df=counts
    )
    spec = _spec(fe, session, "weather", "temp", "origin")

    def at(value: float | None, late_minutes: int) -> tuple[int, int]:
        asked = row(value, day if value is not None else None, asked_at=NOW.isoformat())
        found = skew_of(session, spec, asked, late=timedelta(minutes=late_minutes))
        return found.late, found.mismatches

    assert at(4.0, 30) == (0, 0)
    assert at(3.0, 30) == (1, 0)  # in force until ten minutes ago
    assert at(2.0, 30) == (0, 1)  # was over fifty minutes ago
    assert at(2.0, 60) == (1, 0)
    assert at(1.0, 99) == (0, 1)
    assert at(2.5, 600) == (0, 1)  # never was so


def test_a_value_that_was_corrected_since_is_no_skew(
    session: Session, fe: FeatureEngineeringClient, spec: FeatureSpec
) -> None:
    asked = row(20.0, NOW - timedelta(minutes=1))
    fe.write_table(name="dev.shop.weather", df=weather(("JFK", NOW - timedelta(minutes=1), 21.0)))
    found = skew_of(session, spec, asked)
    assert (found.corrected, found.mismatches, found.late) == (1, 0, 0)
    assert skew_of(session, spec, row(20.0, NOW - timedelta(minutes=1)), late=TICK).mismatches == 1


def test_what_the_caller_brings_is_not_measured(session: Session, spec: FeatureSpec) -> None:
    assert skew_of(session, spec, row(99.0, None, temp=99.0), row(None, None, temp=None)).rows == 0


def test_features_without_a_clock_are_compared_with_the_version_of_then(
    session: Session, fe: FeatureEngineeringClient
) -> None:
    def planes(seats: int) -> pa.Table:
        return pa.table({"tail": ["N1"], "temp": pa.array([seats], pa.int32())})

    fe.create_table(name="dev.shop.planes", primary_keys=["tail"], df=planes(100))
    spec = _spec(fe, session, "planes", "temp", "tail")
    before = row(100, None, tail="N1")
    fe.write_table(name="dev.shop.planes", df=planes(200))
    assert skew_of(session, spec, before).corrected == 1
    assert skew_of(session, spec, row(100, None, tail="N1")).late == 1
    assert skew_of(session, spec, row(100, None, tail="N1"), late=TICK).mismatches == 1
    assert skew_of(session, spec, row(300, None, tail="N1")).mismatches == 1
    assert skew_of(session, spec, row(200, None, tail="N1")).rate == 0


def test_what_the_data_plane_reads_has_no_skew_until_the_table_goes_on(
    session: Session, fe: FeatureEngineeringClient, spec: FeatureSpec
) -> None:
    """From the online store through the journal's form and back, with keys and times of all kinds."""
    from boathouse.features.online.stores import opened_store

    assert spec.lookups
    kinds = pa.table(
        {
            "day": pa.array([NOW.date()], pa.date32()),
            "number": pa.array([2**53 + 1], pa.int64()),
            "when": pa.array([NOW], pa.timestamp("us", "UTC")),
            "share": pa.array([0.1], pa.float32()),
            "text": ["ü"],
            "price": pa.array([None], pa.decimal128(9, 2)),
        }
    )
    fe.create_table(name="dev.shop.kinds", primary_keys=["day", "number"], df=kinds)
    lookup = FeatureLookup(
        table_name="dev.shop.kinds", feature_names=["when", "share", "text", "price"], lookup_key=["day", "number"]
    )
    fe.create_feature_spec(name="dev.shop.kinds_spec", features=[lookup])
    kinds_spec = get(session, "dev.shop.kinds_spec").spec
    fe.publish_table(online_store=None, source_table_name="dev.shop.kinds", online_table_name="dev.shop.kinds_online")
    store = opened_store(session, "default")
    table = store.table("dev.shop.kinds_online")
    assert table is not None
    features = RequestFeatures(kinds_spec, lambda _: table, None, freshness_us={}, is_fast=True, whose="it")
    body = orjson.dumps(
        {
            "dataframe_records": [
                {"day": NOW.date().isoformat(), "number": 2**53 + 1},
                {"day": "2001-01-01", "number": 1},
            ]
        }
    )
    filled = features.fill(read_payload(body, "application/json", most_rows=9), FeatureRules())
    request = {
        "databricks_request_id": "r", "request_time": datetime.now(UTC), "endpoint_name": "e", "served_entity_id": "s",
        "model_name": "m", "model_version": 1, "content_type": "application/json", "request": body.decode(),
        "features": filled.used.decode(), "logging_error_codes": [],
    }  # fmt: skip
    ((subject, asked),) = of_requests([request, {**request, "request": "masked:1"}]).items()
    assert (subject.model, len(asked.rows), asked.left_out) == ("m", 2, 1)
    found = measured(OfflineTables(session, kinds_spec), kinds_spec, asked.rows)
    assert {each.feature: (each.rows, each.rate, each.late) for each in found} == dict.fromkeys(
        ("when", "share", "text", "price"), (2, 0.0, 0)
    )
    features.close()


def test_keys_are_found_in_rows_of_very_many_columns_too() -> None:
    records = [{"tail": f"N{row}", **{f"x{number}": number for number in range(1_100)}} for row in range(2)]
    request = {
        "databricks_request_id": "r", "request_time": NOW, "endpoint_name": "e", "served_entity_id": "s",
        "model_name": "m", "model_version": 1, "content_type": "application/json",
        "request": orjson.dumps({"dataframe_records": records}).decode(),
        "features": '[{"values": {"seats": 1}}, {"values": {"seats": 2}}]', "logging_error_codes": [],
    }  # fmt: skip
    ((_, asked),) = of_requests([request]).items()
    assert [row.inputs["tail"] for row in asked.rows] == ["N0", "N1"]
