"""Rows that are changed in place are published from the change feed alone, and only as long as that is enough."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from boathouse.features import FeatureEngineeringClient
from boathouse.lake.log import DeltaLog
from boathouse.session import Session

from .reading import meta, online_rows

NAME, ONLINE = "dev.shop.t", "dev.shop.t_online"
T0 = datetime(2026, 1, 1, tzinfo=UTC)


def rows(*given: tuple[int, float, float]) -> pa.Table:
    """Rows of id, hour and x."""
    return pa.table(
        {
            "id": pa.array([each[0] for each in given], pa.int64()),
            "ts": pa.array([T0 + timedelta(hours=each[1]) for each in given], pa.timestamp("us", "UTC")),
            "x": pa.array([each[2] for each in given], pa.float64()),
        }
    )


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows are known by now."""
    monkeypatch.setenv("BOATHOUSE_AS_OF", (T0 + timedelta(days=9)).isoformat())


@pytest.fixture
def series(fe: FeatureEngineeringClient, late: None) -> None:
    """Three keys, one of them with two instants."""
    given = rows((1, 0, 0.5), (1, 2, 1.5), (2, 1, 2.5), (3, 1, 3.5))
    fe.create_table(name=NAME, primary_keys=["id", "ts"], timeseries_column="ts", df=given)
    fe.publish_table(source_table_name=NAME)


@pytest.fixture
def static(fe: FeatureEngineeringClient, late: None) -> None:
    given = pa.table({"id": [1, 2, 3, 4], "x": [0.5, 1.5, 2.5, 3.5]})
    fe.create_table(name=NAME, primary_keys="id", df=given)
    fe.publish_table(source_table_name=NAME)


@pytest.fixture
def hide_rows(session: Session) -> Callable[[], None]:
    """Takes the table's own files away. Those of its change feed stay."""

    def hide() -> None:
        for file in session.open_tables([NAME])[0].snapshot.files:
            Path(file.path).unlink()

    return hide


def x_of(session: Session) -> dict[int, float | None]:
    return {key: values["x"] for key, values in online_rows(session, ONLINE).items()}


@pytest.mark.usefixtures("series")
def test_rows_changed_in_place_are_published_without_reading_the_table(
    fe: FeatureEngineeringClient, session: Session, hide_rows: Callable[[], None]
) -> None:
    fe.write_table(name=NAME, df=rows((1, 2, 7.5), (3, 1, 8.5), (4, 1, 4.5)))
    session.sql(f"UPDATE {NAME} SET x = x + 1 WHERE id = 3")
    fe.write_table(name=NAME, df=rows((1, 0, 9.5)))  # not its latest
    hide_rows()
    done = fe.publish_table(source_table_name=NAME)
    assert (done.mode, done.written, done.keys) == ("TRIGGERED", 3, 4)
    assert x_of(session) == {1: 7.5, 2: 2.5, 3: 9.5, 4: 4.5}
    assert meta(session, ONLINE)["ties"] is False


@pytest.mark.usefixtures("static")
def test_a_row_that_is_deleted_takes_its_key_along_where_there_is_no_time(
    fe: FeatureEngineeringClient, session: Session, hide_rows: Callable[[], None]
) -> None:
    session.sql(f"DELETE FROM {NAME} WHERE id = 2")
    fe.write_table(name=NAME, df=pa.table({"id": [3, 5], "x": [7.5, 8.5]}))
    hide_rows()
    done = fe.publish_table(source_table_name=NAME)
    assert (done.mode, done.written, done.keys) == ("TRIGGERED", 3, 4)
    assert x_of(session) == {1: 0.5, 3: 7.5, 4: 3.5, 5: 8.5}


@pytest.mark.usefixtures("series")
def test_the_row_before_comes_up_when_the_latest_is_deleted_or_made_older(
    fe: FeatureEngineeringClient, session: Session
) -> None:
    session.sql(f"DELETE FROM {NAME} WHERE id = 1 AND x = 1.5 OR id = 2")
    done = fe.publish_table(source_table_name=NAME)
    assert (done.mode, done.written, done.keys) == ("TRIGGERED", 2, 2)
    assert x_of(session) == {1: 0.5, 3: 3.5}
    fe.write_table(name=NAME, df=rows((3, 2, 4.5)))
    fe.publish_table(source_table_name=NAME)
    session.sql(f"UPDATE {NAME} SET ts = ts - INTERVAL 9 HOURS WHERE x = 4.5")
    done = fe.publish_table(source_table_name=NAME)
    assert (done.mode, done.written) == ("TRIGGERED", 1)
    assert x_of(session) == {1: 0.5, 3: 3.5}


@pytest.mark.usefixtures("series")
def test_a_row_moved_into_the_future_is_published_once_it_is_known(
    fe: FeatureEngineeringClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.sql(f"UPDATE {NAME} SET ts = ts + INTERVAL 30 DAYS WHERE x = 1.5 OR id = 2")
    fe.publish_table(source_table_name=NAME)
    assert x_of(session) == {1: 0.5, 3: 3.5}
    monkeypatch.setenv("BOATHOUSE_AS_OF", (T0 + timedelta(days=60)).isoformat())
    fe.publish_table(source_table_name=NAME)
    assert x_of(session) == {1: 1.5, 2: 2.5, 3: 3.5}


@pytest.mark.usefixtures("static")
def test_rows_of_one_key_are_noticed_though_another_key_went(fe: FeatureEngineeringClient, session: Session) -> None:
    session.sql(f"DELETE FROM {NAME} WHERE id = 2")
    session.write_table(NAME, pa.table({"id": [1], "x": [9.5]}))
    fe.publish_table(source_table_name=NAME)
    assert meta(session, ONLINE)["ties"] is True
    session.sql(f"DELETE FROM {NAME} WHERE id = 3")
    done = fe.publish_table(source_table_name=NAME)
    assert (done.mode, done.because) == ("SNAPSHOT", "rows of one key and time may have changed places")
    assert x_of(session) == {1: 9.5, 4: 3.5}


@pytest.mark.usefixtures("static")
def test_without_a_change_feed_the_files_that_went_and_came_are_compared(
    fe: FeatureEngineeringClient, session: Session
) -> None:
    session.sql(f"ALTER TABLE {NAME} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'false')")
    session.sql(f"UPDATE {NAME} SET x = 7.5 WHERE id = 2")
    session.sql(f"DELETE FROM {NAME} WHERE id = 1")
    done = fe.publish_table(source_table_name=NAME)
    assert (done.mode, done.written) == ("TRIGGERED", 2)
    assert x_of(session) == {2: 7.5, 3: 2.5, 4: 3.5}


@pytest.mark.usefixtures("static")
def test_when_a_change_file_is_gone_everything_is_published(fe: FeatureEngineeringClient, session: Session) -> None:
    session.sql(f"UPDATE {NAME} SET x = 7.5 WHERE id = 2")
    snapshot = session.open_tables([NAME])[0].snapshot
    changes = [
        each["cdc"]["path"] for each in DeltaLog(snapshot.location).actions(snapshot.version) or [] if "cdc" in each
    ]
    assert changes
    for path in changes:
        (DeltaLog(snapshot.location).folder.parent / path).unlink()
    done = fe.publish_table(source_table_name=NAME)
    assert done.mode == "SNAPSHOT"
    assert done.because is not None and done.because.startswith("what has changed cannot be read")
    assert x_of(session)[2] == 7.5
