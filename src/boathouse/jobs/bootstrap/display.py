"""Prints tables and other values as text, the way a notebook would show them."""

from collections.abc import Sequence
from typing import Any

_WIDEST = 60
_MOST_ROWS = 1000


def display(value: Any, *_: Any, **__: Any) -> None:
    """Show anything: what has rows becomes a table."""
    for convert in ("arrow", "to_arrow"):
        if callable(method := getattr(value, convert, None)):
            value = method()
            break
    if hasattr(value, "to_pylist") and hasattr(value, "column_names"):
        print_table(value.column_names, value.slice(0, _MOST_ROWS).to_pylist(), total=value.num_rows)
    elif hasattr(value, "to_string"):
        print(value.to_string(max_rows=_MOST_ROWS))  # noqa: T201
    else:
        print(value)  # noqa: T201


def print_table(columns: Sequence[str], rows: Sequence[dict[str, Any]], *, total: int) -> None:
    """Print rows below their columns' names, cut where they would be too wide."""
    cells = [[_text(row[name]) for name in columns] for row in rows]
    widths = [max(len(line[i]) for line in [list(columns), *cells]) for i in range(len(columns))]
    widths = [min(width, _WIDEST) for width in widths]
    for line in [list(columns), ["-" * width for width in widths], *cells]:
        parts = [part[:width].ljust(width) for part, width in zip(line, widths, strict=True)]
        print("  ".join(parts).rstrip())  # noqa: T201
    more = f" (the first {len(rows)} shown)" if total > len(rows) else ""
    print(f"{total} row{'' if total == 1 else 's'}{more}")  # noqa: T201


def _text(value: Any) -> str:
    return "NULL" if value is None else str(value).replace("\n", " ")
