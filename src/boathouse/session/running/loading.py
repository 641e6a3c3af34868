# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""COPY INTO: files of a volume become rows of a table, each file once.

What has been loaded stands in the table's own commits, so the rows and the memory of their files come together or not
at all.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pyarrow as pa

from boathouse.catalog import Table
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.lake import BrokenFile, EngineQuery, WriteConflict, open_snapshot
from boathouse.lake.commits import Turn, next_turn
from boathouse.lake.history import history
from boathouse.session.law import Intent
from boathouse.session.result import Result, result_of
from boathouse.session.running import writes
from boathouse.session.running.access import Access
from boathouse.session.running.misfits import Misfit, line_of
from boathouse.session.running.volume_files import VolumeFiles
from boathouse.session.running.writes import Counted
from boathouse.session.sql.arrow_types import type_word
from boathouse.session.sql.statements import CopyInto

WRITER = "COPY INTO"
_MOST_TURNS = 20
"""How often others may be faster before the load gives up."""

LOADED_FILES = "boathouse.copiedFiles"
"""Key in a commit's info: the files whose rows it added."""


def copy_into(access: Access, statement: CopyInto) -> Result:
    """Load the files that are new. Nothing is committed when there are none, or when any row is broken.

    Two loads at the same moment take turns: the second looks again what is new.
    """
    table = access.resolve_one(access.namespace.table(statement.table), Intent.WRITE)
    files = VolumeFiles.at(access, _path(access, statement), Intent.READ)
    for _ in range(_MOST_TURNS - 1):
        try:
            return _load_new(access, statement, table, files)
        except WriteConflict:
            continue
    return _load_new(access, statement, table, files)


def _load_new(access: Access, statement: CopyInto, table: Table, files: VolumeFiles) -> Result:
    turn = next_turn(table.storage_location, WRITER)  # before looking: whoever loads in between takes it
    wanted = _chosen(files, statement)
    if not statement.force:
        loaded = _loaded(table)
        wanted = [file for file in wanted if _mark(files, file) not in loaded]
    if not wanted:
        return _report(0, 0)
    options = {**statement.format_options, "format": statement.format}
    if "mergeschema" in {key.lower() for key in options}:
        options = {key: value for key, value in options.items() if key.lower() != "mergeschema"}
    chosen = VolumeFiles(files.path, files.root, tuple(wanted))
    try:
        rows = _append(access, statement, Load(table, chosen, options, turn))
    except BrokenFile as error:
        raise files.explained(error) from error
    except Misfit as error:
        delimiter = next((v for k, v in options.items() if k.lower() in ("sep", "delimiter")), ",")
        if found := line_of(error, wanted, delimiter):
            raise error.at(f"{files.governed(found[0])}:{found[1]}") from error
        raise
    return _report(rows, len(wanted))


@dataclass(frozen=True, slots=True)
class Load:
    """Files on their way into a table."""

    table: Table
    files: VolumeFiles
    options: Mapping[str, str]
    turn: Turn


def _append(access: Access, statement: CopyInto, load: Load) -> int:
    files = load.files
    found = access.engine.run(_query(files, load.options))
    try:
        access.trace.copied(writes.volume_node(files.volume_name), found.schema.names)
        counted = Counted(_fitted(found.reader(), open_snapshot(load.table.storage_location).arrow_schema, statement))
        writes.append(
            access,
            load.table,
            access.namespace.table(statement.table),
            counted.reader(),
            [writes.volume_node(files.volume_name)],
            schema_mode="merge" if statement.merge_schema else None,
            commit_info={LOADED_FILES: json.dumps([_mark(files, file) for file in files.files])},
            turns=[load.turn],
        )
        return counted.rows
    finally:
        found.close()


def _query(files: VolumeFiles, options: Mapping[str, str]) -> EngineQuery:
    """All rows of all files. Each file has its own header: columns are matched by name, not by position."""
    sources = {
        f"file_{position}": VolumeFiles(files.path, files.root, (file,)).source(options)
        for position, file in enumerate(files.files)
    }
    return EngineQuery(" UNION ALL BY NAME ".join(f"SELECT * FROM {alias}" for alias in sources), files=sources)


def _fitted(reader: pa.RecordBatchReader, target: pa.Schema, statement: CopyInto) -> pa.RecordBatchReader:
    """The table's columns by name, in whatever case and order the files have them; texts become the table's types.

    Without ``mergeSchema`` a column that the table lacks stays, and the write refuses it by name.
    """
    known = {field.name.lower(): field for field in target}
    fields = [_column(field, known) for field in reader.schema]
    missing = [] if statement.merge_schema else [f for f in target if f.name not in {g.name for g in fields}]
    schema = pa.schema([*fields, *missing])

    def batches():
        for batch in reader:
            columns = [_cast(batch.column(i), field) for i, field in enumerate(fields)]
            nulls = [pa.nulls(batch.num_rows, field.type) for field in missing]
            yield pa.RecordBatch.from_arrays([*columns, *nulls], schema=schema.remove_metadata())

    return pa.RecordBatchReader.from_batches(schema, batches())


def _column(field: pa.Field, known: Mapping[str, pa.Field]) -> pa.Field:
    wanted = known.get(field.name.lower())
    return field if wanted is None else pa.field(wanted.name, wanted.type)


def _cast(column: pa.Array, field: pa.Field) -> pa.Array:
    if column.type == field.type:
        return column
    try:
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Misfit(field.name, _first_misfit(column, field.type), type_word(field.type)) from error


def _first_misfit(column: pa.Array, wanted: pa.DataType) -> str:
    for value in column.drop_null():
        try:
            value.cast(wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return str(value.as_py())
    return ""


def _path(access: Access, statement: CopyInto) -> str:
    path = access.parameters.constant(statement.source)
    if not isinstance(path, str):
        raise InvalidInput("COPY INTO reads from a path of a volume.")
    return path


def _chosen(files: VolumeFiles, statement: CopyInto) -> list[Path]:
    base = files.root / files.path.inner
    if statement.files:
        by_name = {file.relative_to(base).as_posix(): file for file in files.files if base in file.parents}
        for name in statement.files:
            if name not in by_name:
                raise NotFound(f"There is no file {name} in {files.path}.")
        return [by_name[name] for name in statement.files]
    if statement.pattern is not None:
        pattern = statement.pattern
        return [file for file in files.files if fnmatchcase(file.name, pattern)]
    return list(files.files)


def _loaded(table: Table) -> set[str]:
    found: set[str] = set()
    for commit in history(table.storage_location):
        marks = commit.info.get(LOADED_FILES)
        if isinstance(marks, str):
            found.update(json.loads(marks))
    return found


def _mark(files: VolumeFiles, file: Path) -> str:
    """A file as it was loaded: one that was changed since counts as new."""
    stat = file.stat()
    return f"{files.governed(file)}|{stat.st_size}|{stat.st_mtime_ns}"


def _report(rows: int, files: int) -> Result:
    schema = pa.schema([("num_affected_rows", pa.int64()), ("num_inserted_rows", pa.int64()),
                        ("num_loaded_files", pa.int64())])  # fmt: skip
    return result_of({"num_affected_rows": [rows], "num_inserted_rows": [rows], "num_loaded_files": [files]}, schema)
