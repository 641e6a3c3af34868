"""Rows to profile: numbers of several shapes and a few texts, with nulls; the newer ones have moved a little."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BLOCK = 1_000_000
BLOCK_VALUES = 100_000_000
"""Of a wide table, blocks are shorter: they are held in memory."""
NUMBERS, CODES, TEXTS = 14, 3, 3


def blocks(rows: int, *, seed: int, shift: float, numbers: int = NUMBERS) -> Iterator[pa.Table]:
    """The rows in blocks of at most a million. Numbers of a wide table have three decimals: it has to fit on a disk."""
    most = min(BLOCK, BLOCK_VALUES // numbers)
    decimals = None if numbers == NUMBERS else 3
    for start in range(0, rows, most):
        yield block(min(most, rows - start), np.random.default_rng([seed, start]), shift, numbers, decimals)


def block(rows: int, dice: np.random.Generator, shift: float, numbers: int, decimals: int | None = None) -> pa.Table:
    columns: dict[str, Any] = {}
    for number in range(numbers):
        drawn = (
            dice.gamma(2.0, 3.0, rows) if number % 3 == 0 else dice.normal(shift * (number % 4), 1 + number / 7, rows)
        )
        drawn = drawn if decimals is None else drawn.round(decimals)
        missing = dice.random(rows) < 0.02 * (number % 5)
        columns[f"n{number}"] = pa.array(drawn, pa.float64(), mask=missing)
    for number in range(CODES):
        columns[f"i{number}"] = pa.array(dice.poisson((2, 40, 3_000)[number], rows), pa.int64())
    for number in range(TEXTS):
        many = (5, 60, 2_000)[number]
        places = (many * dice.random(rows) ** (2 - shift)).astype(np.int32)
        words = pa.array([f"{'abc'[number]}{place:05d}" for place in range(many)])
        columns[f"t{number}"] = pa.DictionaryArray.from_arrays(pa.array(places), words).cast(pa.string())
    return pa.table(columns)


def as_files(folder: Path, rows: int, *, seed: int, shift: float, numbers: int = NUMBERS) -> list[str]:
    """The rows as Parquet files, for those who read nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[str] = []
    for place, each in enumerate(blocks(rows, seed=seed, shift=shift, numbers=numbers)):
        path = folder / f"{place:03d}.parquet"
        pq.write_table(each, path, compression="snappy")
        paths.append(str(path))
    return paths


def read_plan(path: str) -> dict[str, Any]:
    return json.loads(Path(path).read_text())
