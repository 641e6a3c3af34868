"""What happens while a refresh is under way: it dies at any step, its table goes or changes, its baseline goes, the
clock jumps. Afterwards each window is there once, and the next refresh says what is so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pyarrow as pa
import pytest

from boathouse.foundation.errors import BoathouseError
from boathouse.lake import DuckDBEngine, EngineQuery
from boathouse.monitoring.monitors.nouns import RefreshState
from boathouse.session import LocalLaw, Session

JANUARY = datetime(2013, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURS: dict[str, Any] = {
    "time_series": {"timestamp_col": "at", "granularities": ["1 hour", "1 day"]},
    "slicing_exprs": ["origin"],
    "baseline_table_name": "dev.shop.past",
}
TABLES = ("profile_metrics", "drift_metrics", "profile_summaries")
KEYS = ("log_type", "granularity", "window_start", "slice_key", "slice_value", "column_name", "drift_type")


class Died(BaseException):
    """As kill -9: nobody catches it."""


class Disturbed(DuckDBEngine):
    """An engine beside which something happens when it is asked for the n-th time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.steps: dict[int, Callable[[], object]] = {}

    def run(self, query: EngineQuery) -> Any:
        self.asked += 1
        if (happens := self.steps.pop(self.asked, None)) is not None:
            happens()
        return super().run(query)

    def at_step(self, step: int, happens: Callable[[], object]) -> None:
        self.asked, self.steps = 0, {step: happens}


@pytest.fixture
def engine_of_refresh(watch: Any) -> Disturbed:
    """The engine of refreshes; whatever happens is done by another one."""
    return Disturbed()


def readings(start: datetime, hours: int, base: float) -> list[dict[str, Any]]:
    return [
        {"at": start + place * HOUR / 6, "temp": base + place % 7, "origin": "JFK" if place % 2 else "LGA"}
        for place in range(hours * 6)
    ]


def prepare(watch: Any, name: str) -> list[dict[str, Any]]:
    """A table that has been refreshed once and has got new rows since, in an old window and in new ones."""
    watch.write("past", readings(JANUARY - 30 * DAY, 5, 1.0), mode="overwrite")
    first, second = readings(JANUARY, 6, 1.0), readings(JANUARY + 5 * HOUR, 4, 40.0)
    watch.write(name, first)
    watch.watch(name, **HOURS)
    assert watch.refresh(name).state is RefreshState.SUCCESS
    watch.write(name, second)
    return first + second


def disturbed(watch: Any, engine: Disturbed, name: str, step: int, happens: Callable[[], object]) -> None:
    """A refresh during which something happens."""
    calm = watch.session
    watch.session = Session(watch.root, LocalLaw(watch.catalog), engine)
    engine.at_step(step, happens)
    try:
        watch.refresh(name)
    finally:
        watch.session = calm


def die() -> None:
    raise Died


def check(watch: Any, name: str, rows: list[dict[str, Any]]) -> None:
    """Each window is there once, and says what its rows say."""
    for suffix in TABLES:
        found = watch.rows(f"{name}_{suffix}")
        keys = [tuple(str(row.get(key)) for key in KEYS) for row in found]
        assert len(set(keys)) == len(keys) > 0, suffix
    for granularity, length in (("1 hour", HOUR), ("1 day", DAY)):
        said = watch.rows(
            f"{name}_profile_metrics",
            f"column_name = 'temp' AND granularity = '{granularity}' AND slice_value = 'JFK'",
        )
        windows: dict[datetime, list[float]] = {}
        for row in rows:
            if row["origin"] == "JFK":
                windows.setdefault(JANUARY + (row["at"] - JANUARY) // length * length, []).append(row["temp"])
        assert {row["window_start"]: row["count"] for row in said} == {each: len(v) for each, v in windows.items()}
        for row in said:
            values = windows[row["window_start"]]
            assert row["avg"] == pytest.approx(sum(values) / len(values))
    drift = watch.rows(f"{name}_drift_metrics", "column_name = 'temp' AND slice_key IS NULL AND granularity = '1 hour'")
    starts = sorted({row["window_start"] for row in said_hours(watch, name)})
    before = {row["window_start"]: row["window_cmp"]["start"] for row in drift if row["drift_type"] == "CONSECUTIVE"}
    assert before == {each: each - HOUR for each in starts if each - HOUR in starts}
    assert sorted(row["window_start"] for row in drift if row["drift_type"] == "BASELINE") == starts


def said_hours(watch: Any, name: str) -> list[dict[str, Any]]:
    asked = "column_name = 'temp' AND slice_key IS NULL AND granularity = '1 hour'"
    return watch.rows(f"{name}_profile_metrics", asked)


def steps_of_a_refresh(watch: Any, engine: Disturbed) -> int:
    prepare(watch, "calm")
    disturbed(watch, engine, "calm", -1, die)
    return engine.asked


def test_a_refresh_that_dies_at_any_step_is_made_good_by_the_next(watch: Any, engine_of_refresh: Disturbed) -> None:
    steps = steps_of_a_refresh(watch, engine_of_refresh)
    assert steps > 8
    for step in range(2, steps + 1, 6):
        name = f"dies_{step}"
        rows = prepare(watch, name)
        with pytest.raises(Died):
            disturbed(watch, engine_of_refresh, name, step, die)
        assert watch.refresh(name).state is RefreshState.SUCCESS
        check(watch, name, rows)
        assert watch.refresh(name).result["windows"] == 0


def test_a_first_refresh_that_dies_is_made_good_too(watch: Any, engine_of_refresh: Disturbed) -> None:
    rows = readings(JANUARY, 6, 1.0)
    watch.write("past", readings(JANUARY - 30 * DAY, 5, 1.0))
    for step in (3, 14):
        name = f"begins_{step}"
        watch.write(name, rows)
        watch.watch(name, **HOURS)
        try:
            disturbed(watch, engine_of_refresh, name, step, die)
        except Died:
            watch.refresh(name)
        check(watch, name, rows)


def test_a_table_that_is_dropped_during_a_refresh_is_said_so_and_another_one_is_watched_anew(
    watch: Any, engine_of_refresh: Disturbed
) -> None:
    for step in (1, 6):
        name = f"goes_{step}"
        prepare(watch, name)
        try:
            disturbed(watch, engine_of_refresh, name, step, partial(watch.session.sql, f"DROP TABLE dev.shop.{name}"))
        except BoathouseError as error:
            assert name in str(error)
        rows = readings(JANUARY + 2 * DAY, 3, 7.0)
        watch.write(name, rows)
        watch.monitors.look()
        done = watch.refresh(name)
        assert done.state is RefreshState.SUCCESS and "another table has taken the name" in done.message
        check(watch, name, rows)


def test_a_baseline_that_is_lost_during_a_refresh_leaves_what_was_known_of_it(
    watch: Any, engine_of_refresh: Disturbed
) -> None:
    for step in (1, 6):
        name = f"unbased_{step}"
        rows = prepare(watch, name)
        gone = partial(watch.session.sql, "DROP TABLE dev.shop.past")
        disturbed(watch, engine_of_refresh, name, step, gone)
        check(watch, name, rows)
        more = readings(JANUARY + 9 * HOUR, 1, 3.0)
        watch.write(name, more)
        done = watch.refresh(name)
        assert "dev.shop.past was not read" in done.message
        check(watch, name, rows + more)


def test_a_column_that_changes_its_type_during_a_refresh_is_seen_by_the_next(
    watch: Any, engine_of_refresh: Disturbed
) -> None:
    for step in (1, 6):
        name = f"retyped_{step}"
        rows = prepare(watch, name)
        texts = pa.Table.from_pylist([{**row, "temp": str(row["temp"]), "number": row["temp"]} for row in rows])
        write = partial(watch.write, name, texts, mode="overwrite", schema_mode="overwrite")
        disturbed(watch, engine_of_refresh, name, step, write)
        assert watch.refresh(name).state is RefreshState.SUCCESS
        asked = "slice_key IS NULL AND granularity = '1 hour'"
        said = {column: watch.rows(f"{name}_profile_metrics", f"column_name = '{column}' AND {asked}")
                for column in ("temp", "number")}  # fmt: skip
        assert sum(row["count"] for row in said["temp"]) == sum(row["count"] for row in said["number"]) == len(rows)
        assert {row["data_type"] for row in said["temp"]} == {"string"}
        assert all(row["avg"] is None for row in said["temp"])


def test_a_clock_that_jumps_during_a_refresh_changes_nothing(watch: Any, engine_of_refresh: Disturbed) -> None:
    for step, jump in ((2, 4_000 * DAY), (5, -2_000 * DAY)):
        name = f"jumps_{step}"
        rows = prepare(watch, name)
        disturbed(watch, engine_of_refresh, name, step, partial(watch.clock.advance, jump))
        check(watch, name, rows)
        assert watch.refresh(name).result["windows"] == 0


def test_files_that_were_vacuumed_since_the_last_refresh_make_it_look_at_everything(watch: Any) -> None:
    rows = prepare(watch, "cleaned")
    watch.session.sql("DELETE FROM dev.shop.cleaned WHERE origin = 'LGA'")
    watch.session.sql("ALTER TABLE dev.shop.cleaned SET TBLPROPERTIES ('boathouse.vacuum.retentionCheck' = 'false')")
    watch.session.sql("VACUUM dev.shop.cleaned RETAIN 0 HOURS")
    done = watch.refresh("cleaned")
    assert done.state is RefreshState.SUCCESS
    check(watch, "cleaned", [row for row in rows if row["origin"] == "JFK"])
