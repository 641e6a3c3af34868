"""The entries of a Delta log that add and remove files, and what they tell of the files' contents."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.locations import local_path
from boathouse.lake.schema import fields_of

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"

INDEXED_COLUMNS = 32
"""Statistics are kept for so many columns, as Delta has it by default."""

_LONGEST_TEXT = 32
_EXACT_DIGITS = 15
"""A decimal of more digits would not survive being written as a JSON number."""

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A Parquet file that lies in the table's folder, but in no version of the table yet."""

    path: Path
    partition: Mapping[str, str | None]
    """Partition values as the log writes them."""
    rows: int
    size_bytes: int
    columns: Mapping[str, Mapping[str, str]]
    """What the engine has found out about each column while it wrote."""


def add_entry(location: str, file: WrittenFile, schema_json: str, timestamp: int) -> Json:
    return {
        "add": {
            "path": _log_path(location, file.path),
            "partitionValues": dict(file.partition),
            "size": file.size_bytes,
            "modificationTime": timestamp,
            "dataChange": True,
            "stats": json.dumps(_statistics(file, schema_json), separators=(",", ":")),
        }
    }


def change_entry(location: str, file: WrittenFile) -> Json:
    return {
        "cdc": {
            "path": _log_path(location, file.path),
            "partitionValues": dict(file.partition),
            "size": file.size_bytes,
            "dataChange": False,
        }
    }


def remove_entry(log_path: str, size_bytes: int, partition: Mapping[str, str | None], timestamp: int) -> Json:
    return {
        "remove": {
            "path": log_path,
            "deletionTimestamp": timestamp,
            "dataChange": True,
            "extendedFileMetadata": True,
            "partitionValues": dict(partition),
            "size": size_bytes,
        }
    }


def partition_text(value: Any) -> str | None:
    """A partition value as the log writes it."""
    match value:
        case None | "":
            return None
        case bool():
            return str(value).lower()
        case datetime():
            return value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def partition_folder(partition: Mapping[str, str | None]) -> str:
    """Where files of a partition lie, relative to the table.

    Raises:
        InvalidInput: A value is too long for the name of a folder, or is the one that stands for null.
    """
    names: list[str] = []
    for column, value in partition.items():
        if value == NULL_PARTITION:
            raise InvalidInput(f"Column {column} is partitioned by; it cannot hold the text {NULL_PARTITION}.")
        names.append(f"{quote(column, safe='')}={quote(NULL_PARTITION if value is None else value, safe='')}")
        if len(names[-1]) > 255:
            raise InvalidInput(
                f"The value of {column} is too long for the name of a folder.", hint="Partition by another column."
            )
    return "/".join(names)


def _log_path(location: str, path: Path) -> str:
    return quote(path.relative_to(local_path(location)).as_posix(), safe="/=_-.~")


def _statistics(file: WrittenFile, schema_json: str) -> Json:
    found: Json = {"numRecords": file.rows, "minValues": {}, "maxValues": {}, "nullCount": {}}
    columns = {tuple(name.replace('""', '"') for name in _QUOTED.findall(key)): of for key, of in file.columns.items()}
    leaves = list(_leaves(fields_of(schema_json), file.partition))[:INDEXED_COLUMNS]
    for path, kind in leaves:
        known = columns.get(path)
        if known is None:
            continue
        if "null_count" in known:
            _put(found["nullCount"], path, int(known["null_count"]))
        for group, edge in (("minValues", "min"), ("maxValues", "max")):
            value = _bound(known, kind, edge)
            if value is not None:
                _put(found[group], path, value)
    return found


def _leaves(fields: Mapping[str, Any], leave_out: Mapping[str, Any], above: tuple[str, ...] = ()) -> Any:
    for name, kind in fields.items():
        if not above and name in leave_out:
            continue
        if isinstance(kind, str):
            yield (*above, name), kind
        elif kind.get("type") == "struct":
            inner = {field["name"]: field["type"] for field in kind["fields"]}
            yield from _leaves(inner, {}, (*above, name))


def _put(group: Json, path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        group = group.setdefault(name, {})
    group[path[-1]] = value


def _bound(known: Mapping[str, str], kind: str, edge: str) -> Any:
    """The least or greatest value in the log's spelling; None when it is unknown or cannot be told exactly."""
    text = known.get(edge)
    if text is None or known.get("has_nan") == "true":
        return None
    is_exact = known.get(f"{edge}_is_exact") == "true"
    if kind == "string":
        if edge == "min":
            return text[:_LONGEST_TEXT]
        return text if is_exact and len(text) < _LONGEST_TEXT else None
    if not is_exact:
        return None
    with suppress(ValueError):
        return _value(text, kind)
    return None


def _value(text: str, kind: str) -> Any:
    match kind:
        case "long" | "integer" | "short" | "byte":
            return int(text)
        case "double" | "float":
            number = float(text)
            return number if math.isfinite(number) else None
        case "date":
            return date.fromisoformat(text).isoformat()
        case "timestamp":
            return datetime.fromisoformat(text).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        case "timestamp_ntz":
            return datetime.fromisoformat(text).isoformat(timespec="microseconds")
        case _ if kind.startswith("decimal"):
            return float(text) if sum(map(str.isdigit, text)) <= _EXACT_DIGITS else None
        case _:
            return None
