"""Conditions of people reach the rows of their frame, and nothing else."""

import polars as pl
import pytest

from boathouse.lake import DuckDBEngine
from boathouse.models.evaluation.predicates import BadPredicate, rows_where

FRAME = pl.DataFrame({"origin": ["JFK", "LGA", None], "distance": [100.0, 2000.0, 50.0], "my col": [1, 2, 3]})


@pytest.fixture(scope="module")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


@pytest.mark.parametrize(
    ("predicate", "rows"),
    [
        ("distance > 75", [0, 1]),
        ("ORIGIN = 'JFK' OR Distance < 60", [0, 2]),
        ("origin IS NULL", [2]),
        ("origin <> 'JFK'", [1]),
        ("`my col` % 2 = 1 -- odd", [0, 2]),
        ("upper(substring(origin, 1, 1)) = 'L'", [1]),
        ("true", [0, 1, 2]),
        ("null", []),
    ],
)
def test_a_condition_gives_positions(engine: DuckDBEngine, predicate: str, rows: list[int]) -> None:
    if predicate == "null":
        with pytest.raises(BadPredicate):
            rows_where(engine, FRAME, predicate)
        return
    assert rows_where(engine, FRAME, predicate).tolist() == rows


@pytest.mark.parametrize(
    "predicate",
    [
        "distance > (SELECT max(x) FROM other.shop.secrets)",
        "EXISTS (SELECT 1)",
        "true) FROM read_csv('/etc/passwd') WHERE (true",
        "true), (false",
        "true) AS a FROM range(3) WHERE (true",
        "(SELECT content FROM read_text('/etc/passwd')) IS NOT NULL",
        "read_text('/etc/passwd') IS NOT NULL",
        "getenv('HOME') IS NOT NULL",
        "origin = :name",
        "max(distance) > 3",
        "row_number() OVER (ORDER BY distance) = 1",
        "other.column > 3",
        "dev.shop.my_function(distance) > 3",
        "distance",
        "origin",
        "distance >",
        "; DROP TABLE x",
        "",
        "destination = 'LAX'",
        "rand() > 0.5",
        "length(UUID()) > distance",
    ],
)
def test_anything_else_is_refused(engine: DuckDBEngine, predicate: str) -> None:
    with pytest.raises(BadPredicate):
        rows_where(engine, FRAME, predicate)
