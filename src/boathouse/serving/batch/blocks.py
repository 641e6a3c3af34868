# pyright: reportUnknownParameterType=false
"""Rows in blocks: cut, scored side by side, and given on in their order, with a few in memory at a time."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

Work = TypeVar("Work")


def blocks(batches: Iterable[pa.RecordBatch], schema: pa.Schema, rows: int) -> Generator[pa.Table]:
    """Batches of whatever size as tables of so many rows; the last has what is left."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        while count + batch.num_rows >= rows:
            wanted = rows - count
            yield pa.Table.from_batches([*waiting, batch.slice(0, wanted)], schema)
            batch, waiting, count = batch.slice(wanted), [], 0
        if batch.num_rows:
            waiting.append(batch)
            count += batch.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting, schema)


def side_by_side(
    work: Callable[[Work], pa.Table], items: Iterator[Work], *, threads: int
) -> Generator[pa.Table]:  # fmt: skip
    """What the work makes of each item, in their order. At most two items per thread are under way."""
    if threads == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="scoring") as pool:
        under_way: deque[Future[pa.Table]] = deque()
        try:
            for item in items:
                under_way.append(pool.submit(work, item))
                if len(under_way) >= 2 * threads:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for each in under_way:
                each.cancel()
