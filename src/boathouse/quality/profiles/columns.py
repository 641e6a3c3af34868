"""What is computed of one column, by what its values are: the words for the engine."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, nextafter
from typing import Any

from boathouse.lake.schema import identifier, literal
from boathouse.quality.profiles.sketches import sketch_sql

LARGEST = 1e140
"""Larger numbers count as infinite: their squares are."""
MOST_ITEMS = 100
"""Frequent values that are kept of a column."""
ITEM_LENGTH = 200
"""Characters of a value that are kept."""
_NUMBERS = ("byte", "short", "integer", "long", "float", "double")
_TIMES = ("date", "timestamp", "timestamp_ntz")


class Family(StrEnum):
    """What the values of a column can be asked."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    TIME = "time"
    OTHER = "other"
    """Lists, structs, maps, bytes: whether they are there."""


def family_of(delta_type: Any) -> Family:
    """The family of a Delta type."""
    if not isinstance(delta_type, str):
        return Family.OTHER
    if delta_type in _NUMBERS or delta_type.startswith("decimal"):
        return Family.NUMBER
    if delta_type in _TIMES:
        return Family.TIME
    return {"string": Family.TEXT, "boolean": Family.BOOLEAN}.get(delta_type, Family.OTHER)


@dataclass(frozen=True, slots=True)
class ScannedColumn:
    """One column, and how it is looked at."""

    name: str
    data_type: str
    """As Databricks calls it."""
    family: Family
    is_float: bool = False
    edges: tuple[float, ...] | None = None
    """Of a number: None until a number has been seen."""
    candidates: tuple[str, ...] | None = None
    """Of a text with very many values: those that are counted. None: each is."""
    adds: bool = True
    """Whether its different values shall be counted so that the number can be added up, which takes longer."""

    @property
    def is_counted(self) -> bool:
        """Whether the rows are grouped by its values."""
        return self.family is Family.BOOLEAN or (self.family is Family.TEXT and self.candidates is None)

    @property
    def middle(self) -> float:
        """A number in the middle of its values. Squares are taken from there: they lose their digits far away."""
        return self.edges[len(self.edges) // 2] if self.edges else 0.0

    @property
    def zero_bin(self) -> int | None:
        """The bin that holds zeros and nothing else."""
        edges = self.edges or ()
        place = bisect_left(edges, 0.0)
        is_alone = 0 < place < len(edges) and edges[place] == 0.0 and edges[place - 1] == nextafter(0.0, -inf)
        return place if is_alone else None

    @property
    def raw(self) -> str:
        """Its values for the engine."""
        name = identifier(self.name)
        match self.family:
            case Family.NUMBER:
                return f"CAST({name} AS DOUBLE)"
            case Family.BOOLEAN:
                return f"CAST({name} AS VARCHAR)"
            case Family.TIME:
                return f"CASE WHEN isfinite({name}) THEN epoch_us(CAST({name} AS TIMESTAMP)) END"
            case _:
                return name


def projections(column: ScannedColumn, alias: str) -> dict[str, str]:
    """What is computed per row, by name."""
    found = {alias: column.raw}
    if column.is_float:
        found[f"{alias}_f"] = f"CASE WHEN abs({column.raw}) < {LARGEST!r} THEN {column.raw} END"
        found[f"{alias}_h"] = f"CASE WHEN isnan({column.raw}) THEN NULL ELSE {column.raw} END"
    return found


def aggregates(column: ScannedColumn, alias: str) -> dict[str, str]:
    """What is computed of many rows, by the field of a summary."""
    found = {"count": f"count({alias})"}
    match column.family:
        case Family.NUMBER:
            found |= _of_numbers(column, alias)
        case Family.TIME:
            found |= {"min": f"min({alias}) / 1e6", "max": f"max({alias}) / 1e6"}
        case Family.TEXT:
            found |= _of_texts(column, alias)
        case _:
            return found
    return found | (
        {"sketch": sketch_sql(alias)} if column.adds else {"distinct_count": f"approx_count_distinct({alias})"}
    )


def _of_numbers(column: ScannedColumn, alias: str) -> dict[str, str]:
    finite, ordered = (f"{alias}_f", f"{alias}_h") if column.is_float else (alias, alias)
    apart = f"({finite} - {column.middle!r}::DOUBLE)"
    found = {
        "finite": f"count({finite})",
        "moved": f"sum({apart})",
        "squared": f"sum({apart} * {apart})",
        "min": f"min({finite})",
        "max": f"max({finite})",
    }
    if column.edges:
        edges = ", ".join(f"{edge:.17e}" for edge in column.edges)
        found["histogram"] = f"list_resize(map_values(histogram({ordered}, [{edges}])), {len(column.edges) + 1}, 0)"
    elif column.is_float:
        found["nan"] = f"count(*) FILTER (WHERE isnan({alias}))"
    if column.zero_bin is None:
        found["zeros"] = f"count(*) FILTER (WHERE {alias} = 0)"
    return found


def _of_texts(column: ScannedColumn, alias: str) -> dict[str, str]:
    found = {
        "min_length": f"min(length({alias}))",
        "max_length": f"max(length({alias}))",
        "sum_length": f"sum(length({alias}))",
    }
    if column.candidates:
        wanted = ", ".join(literal(each) for each in column.candidates)
        found["items"] = f"map_entries(histogram_exact({alias}, [{wanted}]))"
    return found


def counted_aggregates(column: ScannedColumn) -> dict[str, str]:
    """As :func:`aggregates`, where the rows have been grouped by the value ``v`` and counted as ``n``."""
    item = f"struct_pack(item := left(v, {ITEM_LENGTH}), count := n)"
    found = {
        "count": "coalesce(sum(n) FILTER (WHERE v IS NOT NULL), 0)",
        "distinct_count": "count(v)",
        "items": f"arg_max({item}, n, {MOST_ITEMS}) FILTER (WHERE v IS NOT NULL)",
    }
    if column.adds:
        found["sketch"] = sketch_sql("v")
    if column.family is Family.TEXT:
        found["min_length"] = "min(length(v))"
        found["max_length"] = "max(length(v))"
        found["sum_length"] = "sum(length(v) * n)"
    return found


def named(columns: Sequence[ScannedColumn]) -> dict[str, ScannedColumn]:
    """The columns by an alias each: what a column is called does not meet the engine's own words."""
    return {f"c{place}": column for place, column in enumerate(columns)}
