"""What a look asks by SQL: no answer is no answer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.clock import SystemClock, epoch_ms
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.serving.endpoints.nouns import CaptureTarget
from boathouse.serving.endpoints.policy import Canary
from boathouse.serving.rollout.asking import asked_guard, measured_skew
from boathouse.serving.rollout.judging import Guard, Skew
from boathouse.serving.rollout.nouns import Rollout, RolloutState, Served
from boathouse.session import LocalLaw, Session

BEGAN = datetime(2026, 3, 1, 10, tzinfo=UTC)
ROLLOUT = Rollout(
    "r", Served("e", "late", "late", "dev.watch.m", "champion"), 1, 2, Canary(), RolloutState.RUNNING, 0,
    epoch_ms(BEGAN), epoch_ms(BEGAN), "ann",
)  # fmt: skip
TARGET = CaptureTarget("dev", "watch", "late")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    home = Home(tmp_path / ".boathouse")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home, SystemClock())
    catalog.bootstrap("ann")
    made = Session(SYSTEM, LocalLaw(catalog), DuckDBEngine())
    made.sql("CREATE SCHEMA dev.watch")
    yield made
    database.dispose()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT true AS ok", Guard(True)),
        ("SELECT 1 > 2 AS OK", Guard(False)),
        ("SELECT :version = 2 AND :endpoint = 'late' AND :since < now() AS ok", Guard(True)),
        ("SELECT CAST(NULL AS BOOLEAN) AS ok", Guard(None, "ok is null")),
    ],
)
def test_a_guard_is_one_row_with_ok(session: Session, query: str, expected: Guard) -> None:
    assert asked_guard(session, ROLLOUT, query) == expected


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELECT 1 AS fine", "one row with the column ok"),
        ("SELECT true AS ok UNION ALL SELECT true", "2 rows"),
        ("SELECT ok FROM dev.watch.nothing", "was not found"),
        ("SELEKT", ""),
    ],
)
def test_what_is_no_answer_says_why(session: Session, query: str, problem: str) -> None:
    guard = asked_guard(session, ROLLOUT, query)
    assert guard.ok is None
    assert problem in (guard.problem or "")


def test_the_last_measurement_since_the_rollout_began_is_the_skew(session: Session) -> None:
    assert measured_skew(session, ROLLOUT, TARGET) is None, "there is no table"
    rows = [
        (BEGAN - timedelta(hours=1), 2, "age", 100, 100),
        (BEGAN + timedelta(hours=1), 2, "age", 100, 50),
        (BEGAN + timedelta(hours=2), 2, "age", 200, 2),
        (BEGAN + timedelta(hours=2), 2, "wind", 100, 4),
        (BEGAN + timedelta(hours=3), 1, "age", 100, 90),
    ]
    frame = pl.DataFrame(
        {
            "measured_at": [each[0] for each in rows],
            "endpoint_name": ["late"] * len(rows),
            "model_name": ["dev.watch.m"] * len(rows),
            "model_version": [each[1] for each in rows],
            "feature": [each[2] for each in rows],
            "rows": [each[3] for each in rows],
            "mismatches": [each[4] for each in rows],
        }
    )
    session.write_table("dev.watch.late_skew", frame[:1])
    assert measured_skew(session, ROLLOUT, TARGET) is None, "nothing was measured since it began"
    session.write_table("dev.watch.late_skew", frame[1:])
    assert measured_skew(session, ROLLOUT, TARGET) == Skew(300, 6, "wind")
    assert measured_skew(session, ROLLOUT, None) is None
