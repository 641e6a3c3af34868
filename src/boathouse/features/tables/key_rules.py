# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""What rows must fulfil before they may go into a feature table: every key is there, and there once."""

from collections.abc import Sequence, Set

import pyarrow as pa

from boathouse.foundation.errors import InvalidInput, did_you_mean


def require_keys(rows: pa.Table, keys: Sequence[str], table: str, *, may_be_null: Set[str] = frozenset()) -> None:
    """Refuse rows that lack a key column, a key, or have one twice. (Where nulls are allowed, one equals the other.)

    Raises:
        InvalidInput: Says how many rows are wrong, and shows one.
    """
    for key in keys:
        if key not in rows.schema.names:
            raise InvalidInput(
                f"The rows lack the column {key}, which belongs to the key of {table}.",
                hint=did_you_mean(key, rows.schema.names) or f"They have {', '.join(rows.schema.names)}.",
            )
    for key in [each for each in keys if each not in may_be_null]:
        _require_no_null(rows, keys, key, table)
    _require_unique(rows, keys, table)


def _require_no_null(rows: pa.Table, keys: Sequence[str], key: str, table: str) -> None:
    nulls = rows.column(key).null_count
    if nulls:
        first = rows.column(key).is_null().index(True).as_py()
        raise InvalidInput(
            f"{nulls} of {rows.num_rows} row(s) for {table} have no {key}, which belongs to its key; the first is row "
            f"{first}: {_shown(rows, keys, first)}.",
            hint="Leave them out, or give them a key.",
        )


def _require_unique(rows: pa.Table, keys: Sequence[str], table: str) -> None:
    import polars as pl

    frame = pl.DataFrame(pl.from_arrow(rows.select(list(keys))))
    frame = frame.with_columns(pl.col(pl.Datetime("ns", "*"), pl.Datetime("ns")).dt.cast_time_unit("us"))  # as stored
    distinct = frame.n_unique()
    if distinct < rows.num_rows:
        repeated = frame.group_by(list(keys), maintain_order=True).len().filter(pl.col("len") > 1).row(0, named=True)
        count = repeated.pop("len")
        shown = ", ".join(f"{name} = {_text(value)}" for name, value in repeated.items())
        raise InvalidInput(
            f"{rows.num_rows - distinct} row(s) for {table} repeat the key of another; {count} have {shown}.",
            hint="Keep one row per key.",
        )


def _shown(rows: pa.Table, keys: Sequence[str], row: int) -> str:
    others = [name for name in rows.schema.names if name not in keys]
    values = rows.select([*keys, *others[: 6 - len(keys)]]).slice(row, 1).to_pylist()[0]
    return ", ".join(f"{name} = {_text(value)}" for name, value in values.items())


def _text(value: object) -> str:
    text = value.isoformat(" ") if hasattr(value, "isoformat") else repr(value)  # type: ignore[union-attr]
    return text if len(text) <= 60 else f"{text[:57]}..."
