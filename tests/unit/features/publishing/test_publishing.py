"""What is published is the latest known value per key, all of it at once; afterwards only what has changed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from boathouse.catalog import Catalog, NodeKind, Privilege
from boathouse.catalog.repository.records import EdgeFilter
from boathouse.features import FeatureEngineeringClient
from boathouse.features.clocks import KnownTime
from boathouse.features.online.publishing import once, publishing
from boathouse.features.online.registry.service import LocalOnlineRegistry
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound
from boathouse.session import Session

from .reading import defined_rows, meta, online_rows

T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONED = pa.timestamp("us", "UTC")


def moment(hours: float) -> datetime:
    return T0 + hours * HOUR


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets publications take another instant for now: so many hours after the start."""

    def set_to(hours: float) -> None:
        monkeypatch.setenv("BOATHOUSE_AS_OF", moment(hours).isoformat())

    return set_to


def rows(*given: tuple[Any, ...], known: bool = False) -> pa.Table:
    """Rows of id, hour, x and, if wanted, the hour at which they are known."""
    instants = [None if each[1] is None else moment(each[1]) for each in given]
    columns = {
        "id": pa.array([each[0] for each in given], pa.int64()),
        "ts": pa.array(instants, ZONED),
        "x": pa.array([each[2] for each in given], pa.float64()),
    }
    if known:
        columns["seen"] = pa.array([None if each[3] is None else moment(each[3]) for each in given], ZONED)
    return pa.table(columns)


@pytest.fixture
def sensors(fe: FeatureEngineeringClient) -> str:
    """Two keys, three instants."""
    name = "dev.shop.sensors"
    fe.create_table(
        name=name, primary_keys=["id", "ts"], timeseries_column="ts", df=rows((1, 0, 0.5), (1, 2, 1.5), (2, 1, 2.5))
    )
    return name


def test_the_latest_value_per_key_is_published(
    fe: FeatureEngineeringClient, session: Session, sensors: str, at: Callable[[float], None]
) -> None:
    at(10)
    done = fe.publish_table(source_table_name=sensors, publish_mode="SNAPSHOT")
    assert online_rows(session, "dev.shop.sensors_online") == {1: {"x": 1.5}, 2: {"x": 2.5}}
    assert (done.online_table, done.store, done.keys, done.written) == ("dev.shop.sensors_online", "default", 2, 2)
    assert (done.mode, done.because, done.skipped, done.features) == ("SNAPSHOT", None, 0, ("x",))
    assert meta(session, done.online_table)["version"] == done.published_version


def test_what_is_not_known_yet_is_not_published_until_it_is(
    fe: FeatureEngineeringClient, session: Session, sensors: str, at: Callable[[float], None]
) -> None:
    at(1.5)
    fe.publish_table(source_table_name=sensors)
    assert online_rows(session, "dev.shop.sensors_online") == {1: {"x": 0.5}, 2: {"x": 2.5}}
    at(1.9)
    again = fe.publish_table(source_table_name=sensors)
    assert (again.mode, again.written) == ("TRIGGERED", 0)
    at(2)
    later = fe.publish_table(source_table_name=sensors)
    assert (later.mode, later.written) == ("TRIGGERED", 1)
    assert online_rows(session, "dev.shop.sensors_online") == {1: {"x": 1.5}, 2: {"x": 2.5}}


def test_a_lag_delays_what_is_published(
    fe: FeatureEngineeringClient, session: Session, at: Callable[[float], None]
) -> None:
    fe.create_table(
        name="dev.shop.t", primary_keys=["id", "ts"], timeseries_column="ts", df=rows((1, 0, 0.5), (1, 2, 1.5)),
        known_time=KnownTime(lag=timedelta(hours=3)),
    )  # fmt: skip
    for hour, expected in ((2.5, {}), (3, {1: {"x": 0.5}}), (4.9, {1: {"x": 0.5}}), (5, {1: {"x": 1.5}})):
        at(hour)
        fe.publish_table(source_table_name="dev.shop.t")
        assert online_rows(session, "dev.shop.t_online") == expected


def test_corrections_count_from_when_they_are_known(
    fe: FeatureEngineeringClient, session: Session, at: Callable[[float], None]
) -> None:
    given = rows((1, 0, 0.5, 0), (1, 2, 1.5, 3), (1, 2, 9.5, 8), (2, 1, 2.5, 1), (2, 0, 7.5, 9), known=True)
    fe.create_table(name="dev.shop.t", primary_keys=["id", "ts"], timeseries_column="ts", df=given, known_time="seen")
    for hour, expected in ((2, 0.5), (3, 1.5), (7, 1.5), (8, 9.5), (20, 9.5)):
        at(hour)
        fe.publish_table(source_table_name="dev.shop.t")
        assert online_rows(session, "dev.shop.t_online") == {1: {"x": expected}, 2: {"x": 2.5}}


def test_among_equals_the_last_row_of_the_table_counts(
    fe: FeatureEngineeringClient, session: Session, at: Callable[[float], None]
) -> None:
    fe.create_table(name="dev.shop.t", primary_keys=["id", "ts"], timeseries_column="ts", schema=rows().schema)
    session.write_table("dev.shop.t", rows((1, 1, 1.0), (1, 1, 2.0), (1, 1, 3.0), (2, 1, None), (2, 0, 5.0)))
    at(9)
    fe.publish_table(source_table_name="dev.shop.t")
    assert online_rows(session, "dev.shop.t_online") == {1: {"x": 3.0}, 2: {"x": None}}


def test_a_static_table_has_one_row_per_key(fe: FeatureEngineeringClient, session: Session) -> None:
    given = pa.table(
        {
            "carrier": ["AA", "B6", "Ünïcode"],
            "day": [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)],
            "name": ["American", None, "Ünï"],
            "price": pa.array([Decimal("1.50"), None, Decimal("-2.25")], pa.decimal128(10, 2)),
            "sizes": [[1, 2], [], None],
        }
    )
    fe.create_table(name="dev.shop.carriers", primary_keys=["carrier", "day"], df=given)
    done = fe.publish_table(source_table_name="dev.shop.carriers", online_table_name="dev.shop.live")
    assert (done.mode, done.because, done.keys) == ("SNAPSHOT", "nothing was published before", 3)
    assert online_rows(session, "dev.shop.live") == {
        ("AA", date(2026, 1, 1)): {"name": "American", "price": Decimal("1.50"), "sizes": [1, 2]},
        ("B6", date(2026, 1, 2)): {"name": None, "price": None, "sizes": []},
        ("Ünïcode", date(2026, 1, 3)): {"name": "Ünï", "price": Decimal("-2.25"), "sizes": None},
    }


def test_only_changes_are_published_afterwards(
    fe: FeatureEngineeringClient, session: Session, sensors: str, at: Callable[[float], None]
) -> None:
    at(100)
    fe.publish_table(source_table_name=sensors)
    fe.write_table(name=sensors, df=rows((1, 5, 5.5), (3, 1, 3.5), (2, 0, 8.5)))
    done = fe.publish_table(source_table_name=sensors)
    assert (done.mode, done.written, done.keys) == ("TRIGGERED", 2, 3)  # what came late is not the latest
    assert online_rows(session, "dev.shop.sensors_online") == {1: {"x": 5.5}, 2: {"x": 2.5}, 3: {"x": 3.5}}
    session.sql(f"DELETE FROM {sensors} WHERE id = 3 OR x = 5.5")
    done = fe.publish_table(source_table_name=sensors)
    assert (done.mode, done.written, done.keys) == ("TRIGGERED", 2, 2)
    assert online_rows(session, "dev.shop.sensors_online") == {1: {"x": 1.5}, 2: {"x": 2.5}}


def test_rewritten_files_touch_only_the_keys_that_differ(
    fe: FeatureEngineeringClient, session: Session, sensors: str, at: Callable[[float], None]
) -> None:
    at(100)
    fe.publish_table(source_table_name=sensors)
    session.sql(f"UPDATE {sensors} SET x = 7.5 WHERE id = 2")
    done = fe.publish_table(source_table_name=sensors)
    assert (done.mode, done.written) == ("TRIGGERED", 1)
    session.sql(f"OPTIMIZE {sensors}")
    assert fe.publish_table(source_table_name=sensors).written == 0
    assert online_rows(session, "dev.shop.sensors_online") == {1: {"x": 1.5}, 2: {"x": 7.5}}


def test_with_a_change_feed_only_its_rows_are_read(
    fe: FeatureEngineeringClient, session: Session, sensors: str, at: Callable[[float], None]
) -> None:
    session.sql(f"ALTER TABLE {sensors} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
    at(100)
    fe.publish_table(source_table_name=sensors)
    session.sql(f"UPDATE {sensors} SET x = 7.5 WHERE id = 2")
    done = fe.publish_table(source_table_name=sensors)
    assert (done.mode, done.written) == ("TRIGGERED", 1)
    assert online_rows(session, "dev.shop.sensors_online") == {1: {"x": 1.5}, 2: {"x": 7.5}}


def test_a_value_lives_as_long_as_it_may(
    fe: FeatureEngineeringClient, session: Session, sensors: str, at: Callable[[float], None]
) -> None:
    at(2.5)
    done = fe.publish_table(source_table_name=sensors, time_to_live=HOUR)
    assert done.time_to_live == HOUR
    assert online_rows(session, "dev.shop.sensors_online") == {1: {"x": 1.5}}
    at(3)
    assert fe.publish_table(source_table_name=sensors).written == 0
    at(3.5)
    done = fe.publish_table(source_table_name=sensors)
    assert (done.mode, done.written, done.keys) == ("TRIGGERED", 1, 0)
    fe.write_table(name=sensors, df=rows((2, 3.4, 4.5)))
    fe.publish_table(source_table_name=sensors)
    assert online_rows(session, "dev.shop.sensors_online") == {2: {"x": 4.5}}


def test_a_publication_says_why_it_published_everything(
    fe: FeatureEngineeringClient, session: Session, sensors: str, at: Callable[[float], None]
) -> None:
    at(100)
    fe.publish_table(source_table_name=sensors)
    session.sql(f"ALTER TABLE {sensors} ADD COLUMN y DOUBLE")
    done = fe.publish_table(source_table_name=sensors)
    assert (done.mode, done.because) == ("SNAPSHOT", "the columns, keys or time to live have changed")
    assert online_rows(session, "dev.shop.sensors_online")[1] == {"x": 1.5, "y": None}
    at(50)
    assert fe.publish_table(source_table_name=sensors).because == "it is earlier than when it was published last"
    session.sql(f"ALTER TABLE {sensors} DROP PRIMARY KEY")
    session.sql(f"ALTER TABLE {sensors} ADD CONSTRAINT pk PRIMARY KEY (id)")
    done = fe.publish_table(source_table_name=sensors)
    assert (done.mode, done.because) == ("SNAPSHOT", "the columns, keys or time to live have changed")


def test_a_replaced_table_goes_on_by_its_history(
    fe: FeatureEngineeringClient, session: Session, sensors: str, at: Callable[[float], None]
) -> None:
    at(100)
    fe.publish_table(source_table_name=sensors)
    session.sql(f"CREATE OR REPLACE TABLE {sensors} AS SELECT id, ts, x FROM {sensors} WHERE id = 1")
    for column in ("id", "ts"):
        session.sql(f"ALTER TABLE {sensors} ALTER COLUMN {column} SET NOT NULL")
    session.sql(f"ALTER TABLE {sensors} ADD CONSTRAINT pk PRIMARY KEY (id, ts TIMESERIES)")
    fe.publish_table(source_table_name=sensors)
    assert online_rows(session, "dev.shop.sensors_online") == {1: {"x": 1.5}}


def test_without_its_history_everything_is_published(
    fe: FeatureEngineeringClient, session: Session, sensors: str, at: Callable[[float], None]
) -> None:
    at(100)
    fe.publish_table(source_table_name=sensors)
    fe.write_table(name=sensors, df=rows((1, 5, 5.5)))
    fe.write_table(name=sensors, df=rows((1, 6, 6.5)))
    opened = session.open_tables([sensors])[0]
    from boathouse.lake.log import DeltaLog

    DeltaLog(opened.snapshot.location).commit_file(opened.snapshot.version - 1).unlink()
    done = fe.publish_table(source_table_name=sensors)
    assert done.mode == "SNAPSHOT"
    assert done.because is not None and "history since version" in done.because
    assert online_rows(session, "dev.shop.sensors_online")[1] == {"x": 6.5}


def test_some_features_stay_the_chosen_ones(fe: FeatureEngineeringClient, session: Session) -> None:
    given = pa.table({"id": [1, 2], "a": [1.0, 2.0], "b": ["x", "y"], "c": [True, None]})
    fe.create_table(name="dev.shop.t", primary_keys="id", df=given)
    fe.publish_table(source_table_name="dev.shop.t", features=["c", "a"])
    assert online_rows(session, "dev.shop.t_online") == {1: {"c": True, "a": 1.0}, 2: {"c": None, "a": 2.0}}
    done = fe.publish_table(source_table_name="dev.shop.t")
    assert (done.mode, done.features) == ("TRIGGERED", ("c", "a"))
    with pytest.raises(InvalidInput, match=r"feature bb of dev\.shop\.t cannot be published: it is not there"):
        fe.publish_table(source_table_name="dev.shop.t", features=["bb"])
    with pytest.raises(InvalidInput, match="it is a key or a clock"):
        fe.publish_table(source_table_name="dev.shop.t", features=["id"])


def test_what_cannot_be_published_is_refused_before_anything_is(
    fe: FeatureEngineeringClient, session: Session, sensors: str, session_of: Callable[..., Session],
    registry: LocalOnlineRegistry,
) -> None:  # fmt: skip
    session.sql("CREATE TABLE dev.shop.plain (id BIGINT)")
    with pytest.raises(InvalidInput, match="no primary key"):
        fe.publish_table(source_table_name="dev.shop.plain")
    with pytest.raises(InvalidInput, match="no publish mode 'SOMETIMES'"):
        fe.publish_table(source_table_name=sensors, publish_mode="SOMETIMES")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="lets nothing live"):
        fe.publish_table(source_table_name=sensors, time_to_live=timedelta(0))
    with pytest.raises(NotFound, match="no online store far"):
        fe.publish_table(source_table_name=sensors, online_store="far")
    with pytest.raises(Denied, match="MODIFY"):
        publishing.publish(session_of("ann", Privilege.SELECT), sensors)
    with pytest.raises(Denied, match="SELECT"):
        publishing.publish(session_of("bob", Privilege.MODIFY), sensors)
    assert registry.publications(session.principal) == []


def test_an_oversized_value_publishes_nothing(fe: FeatureEngineeringClient, session: Session) -> None:
    fe.create_table(name="dev.shop.t", primary_keys="id", df=pa.table({"id": [1, 2], "text": ["a", "b"]}))
    fe.publish_table(source_table_name="dev.shop.t")
    session.write_table("dev.shop.t", pa.table({"id": [3, 4], "text": ["c", "x" * 20_000_000]}))
    for mode in ("TRIGGERED", "SNAPSHOT"):
        with pytest.raises(InvalidInput, match=r"text"):
            fe.publish_table(source_table_name="dev.shop.t", publish_mode=mode)
        assert online_rows(session, "dev.shop.t_online") == {1: {"text": "a"}, 2: {"text": "b"}}


def test_two_do_not_publish_one_table_at_the_same_time(
    fe: FeatureEngineeringClient, session: Session, sensors: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from boathouse.features.online import stores

    fe.publish_table(source_table_name=sensors)
    monkeypatch.setattr(once, "WAIT_SECONDS", 0.1)
    other = stores.opened_store(session, "default")
    found = other.table("dev.shop.sensors_online")
    assert found is not None
    with other.begin("dev.shop.sensors_online", found.schema, keep=True):
        with pytest.raises(Conflict, match=r"dev\.shop\.sensors_online"):
            fe.publish_table(source_table_name=sensors)
    assert fe.publish_table(source_table_name=sensors).mode == "TRIGGERED"


def test_a_publication_stands_in_the_lineage(
    fe: FeatureEngineeringClient, session: Session, sensors: str, catalog: Catalog, at: Callable[[float], None]
) -> None:
    at(10)
    done = fe.publish_table(source_table_name=sensors)
    fe.publish_table(source_table_name=sensors)  # nothing has changed
    edges = [
        each.edge for each in catalog.lineage.edges(session.principal, EdgeFilter()) if each.edge.operation == "PUBLISH"
    ]
    assert len(edges) == 1
    assert edges[0].source is not None and edges[0].target is not None and edges[0].columns is not None
    assert (edges[0].source.name, edges[0].source.version) == (sensors, done.published_version)
    assert (edges[0].target.kind, edges[0].target.name) == (NodeKind.ONLINE_TABLE, done.online_table)
    assert edges[0].columns.direct == {"x": ("x",)}


def test_what_is_taken_away_is_gone(fe: FeatureEngineeringClient, session: Session, sensors: str) -> None:
    fe.publish_table(source_table_name=sensors)
    with pytest.raises(Conflict, match="published as"):
        fe.delete_feature_table(name=sensors)
    publishing.unpublish(session, "dev.shop.sensors_online")
    from boathouse.features.online import stores

    assert stores.opened_store(session, "default").table("dev.shop.sensors_online") is None
    with pytest.raises(NotFound, match="Nothing is published"):
        publishing.unpublish(session, "dev.shop.sensors_online")
    fe.delete_feature_table(name=sensors)


def test_the_definition_agrees(
    fe: FeatureEngineeringClient, session: Session, sensors: str, at: Callable[[float], None]
) -> None:
    at(1)
    fe.publish_table(source_table_name=sensors)
    table = fe.get_table(name=sensors)
    defined = defined_rows(table, session.table(sensors).arrow().to_pylist(), moment(1))
    assert online_rows(session, "dev.shop.sensors_online") == defined


def test_rows_that_are_alike_but_for_their_place_are_published_anew_when_files_are_rewritten(
    fe: FeatureEngineeringClient, session: Session, at: Callable[[float], None]
) -> None:
    fe.create_table(name="dev.shop.t", primary_keys=["id", "ts"], timeseries_column="ts", schema=rows().schema)
    for number in range(6):
        session.write_table("dev.shop.t", rows((1, 1, float(number)), (number, 0, 0.0)))
    at(9)
    fe.publish_table(source_table_name="dev.shop.t")
    session.sql("OPTIMIZE dev.shop.t")
    done = fe.publish_table(source_table_name="dev.shop.t")
    assert (done.mode, done.because) == ("SNAPSHOT", "rows of one key and time may have changed places")
    session.sql("DELETE FROM dev.shop.t WHERE id = 1 AND x < 5.0 OR id = 4")
    session.sql("DELETE FROM dev.shop.t WHERE id = 3")
    fe.publish_table(source_table_name="dev.shop.t")
    session.sql("OPTIMIZE dev.shop.t")
    done = fe.publish_table(source_table_name="dev.shop.t")
    assert (done.mode, done.written) == ("TRIGGERED", 0)


@pytest.mark.parametrize("name", ["__row", "__event", "__known", "__found", "__here", "__missing"])
def test_a_column_that_is_called_like_one_of_ours_is_refused(fe: FeatureEngineeringClient, name: str) -> None:
    fe.create_table(name="dev.shop.t", primary_keys="id", df=pa.table({"id": [1], name: [1.0], "x": [1.0]}))
    with pytest.raises(InvalidInput, match=f"column {name} of dev.shop.t cannot be published"):
        fe.publish_table(source_table_name="dev.shop.t")
    assert fe.publish_table(source_table_name="dev.shop.t", features=["x"]).keys == 1
