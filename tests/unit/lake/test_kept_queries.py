"""A query that is kept answers for other frames each time, and can do no more than one that is asked once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.lake import DuckDBEngine, DuckDBSettings, EngineQuery
from boathouse.lake.engine import Kept


@pytest.fixture(scope="module")
def engine() -> DuckDBEngine:
    return DuckDBEngine(DuckDBSettings(memory_limit="256MB"))


@pytest.fixture
def halves(engine: DuckDBEngine) -> Iterator[Kept]:
    kept = engine.keep(EngineQuery("SELECT CAST(x AS INTEGER) / 2 AS half FROM given ORDER BY 1"), {"given"})
    yield kept
    kept.close()


def answer(kept: Kept, *values: object) -> list[object]:
    return kept.run({"given": pa.table({"x": list(values)})})["half"].to_pylist()


def test_it_answers_for_each_frame_of_its_own(halves: Kept) -> None:
    assert answer(halves, 1, 2) == [0.5, 1.0]
    assert answer(halves, "3") == [1.5]
    assert answer(halves) == []


def test_a_frame_that_fails_leaves_it_whole(halves: Kept) -> None:
    with pytest.raises(InvalidInput, match="late"):
        answer(halves, "late")
    assert answer(halves, 4) == [2.0]


def test_many_threads_get_their_own_answers(halves: Kept) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda each: answer(halves, each), range(200)))
    assert found == [[each / 2] for each in range(200)]


def test_it_reads_nothing_but_its_frames(engine: DuckDBEngine, tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "t.parquet")
    for sql in (f"SELECT * FROM '{tmp_path}/t.parquet'", "SELECT * FROM other", "DROP TABLE given"):
        with pytest.raises(InvalidInput):
            engine.keep(EngineQuery(sql), {"given"}).run({"given": pa.table({"x": [1]})})


def test_after_its_end_it_says_so(engine: DuckDBEngine) -> None:
    kept = engine.keep(EngineQuery("SELECT x AS half FROM given"), {"given"})
    kept.close()
    kept.close()
    with pytest.raises(InvalidInput, match="closed already"):
        answer(kept, 1)


def test_frames_of_other_columns_are_planned_anew(engine: DuckDBEngine) -> None:
    kept = engine.keep(EngineQuery("SELECT sum(x) AS total FROM given"), {"given"})
    for values, kind in (([1, 2], pa.int64()), ([1.5, 2.5], pa.float64()), ([3], pa.int32()), ([4], pa.int32())):
        found = kept.run({"given": pa.table({"x": pa.array(values, kind)})})["total"]
        assert found.to_pylist() == [sum(values)]
        assert found.type == (pa.float64() if kind == pa.float64() else pa.int64()), "a sum of integers has 64 bits"
    kept.close()
