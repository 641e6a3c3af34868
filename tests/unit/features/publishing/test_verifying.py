"""What readers see is compared with what was published; whatever differs is found."""

import threading

import pyarrow as pa
import pytest

from boathouse.features import FeatureEngineeringClient
from boathouse.features.online import stores
from boathouse.features.online.nouns import NewPublication
from boathouse.features.online.telling import verification_lines
from boathouse.features.online.verifying import verify
from boathouse.foundation.errors import Conflict, InvalidInput, NotFound
from boathouse.session import Session

ONLINE = "dev.shop.t_online"


@pytest.fixture(autouse=True)
def published(fe: FeatureEngineeringClient) -> None:
    nan = float("nan")
    given = pa.table({"id": [1, 2, 3, 4], "x": [1.0, nan, None, 4.0], "name": ["a", "b", None, ""]})
    fe.create_table(name="dev.shop.t", primary_keys="id", df=given)
    fe.publish_table(source_table_name="dev.shop.t")


def tamper(session: Session, put: dict[int, tuple[float | None, str | None]], delete: list[int]) -> None:
    store = stores.opened_store(session, "default")
    table = store.table(ONLINE)
    assert table is not None
    with store.begin(ONLINE, table.schema, keep=True) as writer:
        if put:
            x, name = zip(*put.values(), strict=True)
            values = pa.table({"x": pa.array(x, pa.float64()), "name": pa.array(name, pa.string())})
            writer.put(pa.table({"id": pa.array(put, pa.int64())}), values)
        if delete:
            writer.delete(pa.table({"id": pa.array(delete, pa.int64())}))
        writer.commit(table.meta)


def test_what_was_published_matches(session: Session) -> None:
    found = verify(session, ONLINE)
    assert found.matches
    assert (found.compared, found.missing, found.extra, found.examples) == (4, 0, 0, ())
    assert found.mismatches == {"x": 0, "name": 0}
    assert list(verification_lines(found)) == [f"{ONLINE} matches dev.shop.t version {found.version}: 4 key(s)."]


def test_it_is_the_published_version_that_counts(fe: FeatureEngineeringClient, session: Session) -> None:
    version = verify(session, ONLINE).version
    fe.write_table(name="dev.shop.t", df=pa.table({"id": [1, 9], "x": [7.0, 9.0], "name": ["z", "z"]}))
    assert verify(session, ONLINE).matches
    assert verify(session, ONLINE).version == version
    fe.publish_table(source_table_name="dev.shop.t")
    assert verify(session, ONLINE).version > version
    assert verify(session, ONLINE).matches


def test_differences_are_counted_by_feature_and_shown(session: Session) -> None:
    tamper(session, {1: (1.5, "a"), 2: (None, "b"), 3: (None, "c"), 8: (8.0, "h")}, [4])
    found = verify(session, ONLINE)
    assert not found.matches
    assert (found.compared, found.missing, found.extra) == (3, 1, 1)
    assert found.mismatches == {"x": 2, "name": 1}
    assert found.rates["x"] == pytest.approx(2 / 3)
    shown = {example["key"]["id"]: example for example in found.examples}
    assert shown[1] == {"key": {"id": 1}, "what": "different", "values": {"x": {"offline": 1.0, "online": 1.5}}}
    assert (shown[4]["what"], shown[8]["what"]) == ("missing", "extra")
    lines = list(verification_lines(found))
    assert "DOES NOT MATCH" in lines[0]
    assert "  x: 2 differ (66.67%)" in lines


def test_a_sample_compares_some_keys(session: Session) -> None:
    found = verify(session, ONLINE, sample=2)
    assert (found.compared, found.sampled, found.matches) == (2, True, True)
    tamper(session, {8: (8.0, "h")}, [1, 2, 3, 4])
    found = verify(session, ONLINE, sample=2)
    assert (found.missing, found.extra) == (2, 0)
    with pytest.raises(InvalidInput, match="compares nothing"):
        verify(session, ONLINE, sample=0)


def test_a_version_that_is_gone_cannot_be_compared(fe: FeatureEngineeringClient, session: Session) -> None:
    from boathouse.lake.log import DeltaLog

    snapshot = session.open_tables(["dev.shop.t"])[0].snapshot
    for row in range(3):
        fe.write_table(name="dev.shop.t", df=pa.table({"id": [row], "x": [7.0], "name": ["z"]}))
    log = DeltaLog(snapshot.location)
    for version in range(snapshot.version + 1):
        log.commit_file(version).unlink()
    with pytest.raises(Conflict, match="is gone"):
        verify(session, ONLINE)


def test_what_is_not_published_cannot_be_compared(session: Session) -> None:
    with pytest.raises(NotFound, match="Nothing is published as"):
        verify(session, "dev.shop.other_online")
    stores.opened_store(session, "default").drop(ONLINE)
    with pytest.raises(NotFound, match="holds no dev"):
        verify(session, ONLINE)


def test_what_was_declared_and_not_published_yet_is_not_compared(
    fe: FeatureEngineeringClient, session: Session
) -> None:
    registry = stores.registry_of(session)
    known = registry.publication(session.principal, ONLINE)
    fe.publish_table(source_table_name="dev.shop.t", features=["x"])
    for features in (("x", "name"), ("name",)):  # a publisher that died before it published
        new = NewPublication(ONLINE, known.store, known.source_table, "TRIGGERED", features, None)
        registry.declare(session.principal, new)
        found = verify(session, ONLINE)
        assert found.matches
        assert set(found.mismatches) == {"x"}


def test_other_keys_than_were_published_are_told(session: Session) -> None:
    session.sql("ALTER TABLE dev.shop.t DROP PRIMARY KEY")
    session.sql("ALTER TABLE dev.shop.t ADD CONSTRAINT pk PRIMARY KEY (id)")
    assert verify(session, ONLINE).matches
    session.sql("CREATE OR REPLACE TABLE dev.shop.t AS SELECT 1::BIGINT AS id, 'a' AS name, 2.0::DOUBLE AS x")
    session.sql("ALTER TABLE dev.shop.t ALTER COLUMN id SET NOT NULL")
    session.sql("ALTER TABLE dev.shop.t ALTER COLUMN name SET NOT NULL")
    session.sql("ALTER TABLE dev.shop.t ADD CONSTRAINT pk PRIMARY KEY (name)")
    with pytest.raises(Conflict, match="other keys or clocks"):
        verify(session, ONLINE)


def test_a_comparison_begins_anew_when_somebody_publishes_meanwhile(
    fe: FeatureEngineeringClient, session: Session
) -> None:
    stop = threading.Event()

    def publish_over_and_over() -> None:
        number = 0.0
        while not stop.is_set():
            number += 1
            session.write_table("dev.shop.t", pa.table({"id": [1, 2], "x": [number, number], "name": ["a", "b"]}))
            fe.publish_table(source_table_name="dev.shop.t")

    publisher = threading.Thread(target=publish_over_and_over)
    publisher.start()
    try:
        for _ in range(8):
            try:
                assert verify(session, ONLINE).matches
            except Conflict as error:
                assert "was published while it was compared" in error.message
    finally:
        stop.set()
        publisher.join()
