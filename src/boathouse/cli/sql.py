"""``boathouse sql``: one statement, as whoever the token stands for."""

import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from boathouse.foundation.errors import InvalidInput

if TYPE_CHECKING:
    from boathouse.session import Result

SHOWN_ROWS = 100
_TYPES: dict[str, Callable[[str], Any]] = {
    "string": str,
    "int": int,
    "float": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
}


@click.command()
@click.argument("statement", required=False)
@click.option("-f", "--file", "file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
              help="Read the statement from a file ('-' for standard input).")  # fmt: skip
@click.option("-p", "--param", "assignments", multiple=True, metavar="NAME[:TYPE]=VALUE",
              help="The value of :NAME; TYPE is string, int, float, decimal, bool, date or timestamp.")  # fmt: skip
@click.option("--format", "output_format", type=click.Choice(["table", "csv", "json", "parquet"]), default="table",
              help="How to print the rows; json is one object per line.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows to a file.")
@click.option("--max-rows", type=click.IntRange(1), default=SHOWN_ROWS, show_default=True,
              help="Rows that a table shows; the other formats print all.")  # fmt: skip
def sql(
    statement: str | None,
    file: Path | None,
    assignments: tuple[str, ...],
    output_format: str,
    output: Path | None,
    max_rows: int,
) -> None:
    """Run the SQL STATEMENT (Databricks SQL) and print its rows.

    \b
    boathouse sql "SELECT origin, count(*) AS flights FROM prod.flights.flights GROUP BY ALL"
    boathouse sql -p day:date=2013-06-30 "SELECT * FROM prod.flights.weather WHERE day = :day" --format csv
    """
    text = _text(statement, file)
    parameters = dict(_parameter(assignment) for assignment in assignments)
    if output_format == "parquet" and output is None and sys.stdout.isatty():
        raise InvalidInput("Parquet is not for a terminal.", hint="Use --output FILE, or pipe it.")
    from boathouse.session import default_session

    result = default_session().sql(text, parameters)
    if output_format == "table" and output is None:
        _print_table(result, max_rows)
        return
    _write(result, _format_of(output_format, output), output)


def _text(statement: str | None, file: Path | None) -> str:
    if (statement is None) == (file is None):
        raise InvalidInput("Give a statement, or --file.", hint='boathouse sql "SELECT 1"')
    if statement is not None:
        return statement
    assert file is not None
    return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")


def _parameter(assignment: str) -> tuple[str, Any]:
    left, equals, value = assignment.partition("=")
    name, _, kind = left.partition(":")
    read = _TYPES.get(kind or "string")
    if not equals or not name or read is None:
        raise InvalidInput(f"{assignment!r} is not NAME=VALUE or NAME:TYPE=VALUE.", hint=f"Types: {', '.join(_TYPES)}.")
    try:
        return name, read(value)
    except (ValueError, KeyError, ArithmeticError) as error:
        raise InvalidInput(f"The parameter {name} is not a {kind}: {value!r}.") from error


def _format_of(chosen: str, output: Path | None) -> str:
    """With a file the table format makes no sense: its ending tells, csv otherwise."""
    if chosen != "table" or output is None:
        return chosen
    ending = output.suffix.lower().lstrip(".")
    return ending if ending in ("json", "parquet") else "csv"


def _print_table(result: "Result", max_rows: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown: list[dict[str, Any]] = []
    reader = result.reader()
    for batch in reader:
        shown += batch.slice(0, max_rows + 1 - len(shown)).to_pylist()
        if len(shown) > max_rows:
            break
    names = reader.schema.names
    if not shown and names == ["status"]:
        click.echo("OK")
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name, field in zip(names, reader.schema, strict=True):
        is_number = str(field.type).startswith(("int", "float", "double", "decimal", "halffloat"))
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    for row in shown[:max_rows]:
        table.add_row(*(Text("NULL", style="dim") if value is None else Text(_cell(value)) for value in row.values()))
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table)
    count = f"first {max_rows} rows" if len(shown) > max_rows else f"{len(shown)} row{'s' * (len(shown) != 1)}"
    console.print(f"({count})", style="dim", highlight=False)


def _cell(value: Any) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def _write(result: "Result", output_format: str, output: Path | None) -> None:
    """Stream the rows; a file appears only when all of them are there."""
    if output is None:
        _WRITERS[output_format](result, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    draft = output.with_name(f".{output.name}.part")
    try:
        with draft.open("wb") as file:
            _WRITERS[output_format](result, file)
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)


def _write_csv(result: "Result", out: BinaryIO) -> None:
    import csv
    import io

    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    reader = result.reader()
    writer.writerow(reader.schema.names)
    for batch in reader:
        columns = [column.to_pylist() for column in batch.columns]
        writer.writerows(zip(*([_csv_cell(value) for value in column] for column in columns), strict=True))
    text.detach()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | dict | tuple):
        return _json(value)
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def _write_json(result: "Result", out: BinaryIO) -> None:
    for batch in result.reader():
        for row in batch.to_pylist():
            out.write(_json(row).encode() + b"\n")


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, default=_json_default)


def _json_default(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _write_parquet(result: "Result", out: BinaryIO) -> None:
    import pyarrow.parquet as pq

    reader = result.reader()
    with pq.ParquetWriter(out, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


_WRITERS: dict[str, Callable[["Result", BinaryIO], None]] = {
    "csv": _write_csv,
    "json": _write_json,
    "parquet": _write_parquet,
}
