"""Sums of integers as BIGINT. To DuckDB they are HUGEINT, which Arrow could only show as DECIMAL(38, 0); a sum that
does not fit is an error, as in other engines."""

from typing import Any

from boathouse.lake.schema import identifier


def within_64_bits(relation: Any) -> Any:
    """The rows of a relation with 64 bits in each integer."""
    columns = columns_within_64_bits(relation)
    return relation if columns is None else relation.project(columns)


def columns_within_64_bits(relation: Any) -> str | None:
    """What to select of a relation for that; None where every column is narrow enough."""
    kinds = [str(kind) for kind in relation.types]
    if not any("HUGEINT" in kind for kind in kinds):
        return None
    columns = [
        (f"CAST(#{position} AS {kind.replace('UHUGEINT', 'BIGINT').replace('HUGEINT', 'BIGINT')})" if "HUGEINT" in kind
         else f"#{position}") + f" AS {identifier(name)}"
        for position, (name, kind) in enumerate(zip(relation.columns, kinds, strict=True), start=1)
    ]  # fmt: skip
    return ", ".join(columns)
