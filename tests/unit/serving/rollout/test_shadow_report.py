"""A shadow beside what callers got, held against plain Python."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean

import numpy as np
import polars as pl
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.serving.rollout.shadow_report import differences, traffic
from boathouse.session import LocalLaw, Session

BEGAN = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    home = Home(tmp_path / ".boathouse")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home, SystemClock())
    catalog.bootstrap("ann")
    made = Session(SYSTEM, LocalLaw(catalog), DuckDBEngine())
    made.sql("CREATE SCHEMA dev.shade")
    yield made
    database.dispose()


def test_differences_are_those_of_the_rows_that_both_have_answered(session: Session) -> None:
    chance = random.Random(4)
    rows: list[dict[str, object]] = []
    pairs: list[tuple[float, float, str, str]] = []
    for number in range(60):
        theirs, mine = chance.random(), chance.random()
        left, right = chance.choice("ab"), chance.choice("ab")
        common = {"row_number": 0, "request_time": BEGAN + timedelta(seconds=number)}
        caller = {"databricks_request_id": f"r{number}", "route": "primary", "model_version": 1, **common}
        rows.append({**caller, "out_late": theirs, "out_class": left})
        if number % 3:
            shadow = {"databricks_request_id": f"r{number}-shadow", "route": "shadow", "model_version": 2, **common}
            rows.append({**shadow, "out_late": mine, "out_class": right})
            pairs.append((theirs, mine, left, right))
    session.write_table("dev.shade.p", pl.DataFrame(rows))

    late, kind = sorted(
        differences(session, TableName.parse("dev.shade.p"), BEGAN), key=lambda each: each.output, reverse=True
    )
    apart = [abs(mine - theirs) for theirs, mine, _, _ in pairs]
    assert (late.predictions, late.model_version, late.window) == (len(pairs), 2, BEGAN.replace(minute=0))
    assert late.mean_absolute == pytest.approx(mean(apart))
    assert late.quantiles == pytest.approx(tuple(np.quantile(apart, (0.5, 0.9, 0.99))))
    assert late.disagreement == pytest.approx(mean((theirs >= 0.5) != (mine >= 0.5) for theirs, mine, _, _ in pairs))
    assert kind.disagreement == pytest.approx(mean(left != right for _, _, left, right in pairs))
    assert (kind.mean_absolute, kind.quantiles) == (None, None)


def test_what_shadows_saw_is_counted_beside_the_traffic(session: Session) -> None:
    rows = [("primary", 200, 1000)] * 5 + [("primary", 429, 10)] + [("shadow", 200, 3000)] * 2 + [("shadow", 500, 3000)]
    session.write_table(
        "dev.shade.t",
        pl.DataFrame(
            {
                "request_time": [BEGAN] * len(rows),
                "route": [route for route, _, _ in rows],
                "status_code": [status for _, status, _ in rows],
                "execution_duration_us": [took for _, _, took in rows],
            }
        ),
    )
    (found,) = traffic(session, TableName.parse("dev.shade.t"), BEGAN, window="day")
    assert (found.asked, found.shadowed, found.failed) == (5, 3, 1)
    assert (found.milliseconds, found.callers_milliseconds) == (3.0, 1.0)
