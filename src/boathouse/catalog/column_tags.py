"""Tags of columns. The Delta log is the truth about columns and knows of no tags: they are kept beside, by name, and go
with a column wherever it goes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from boathouse.catalog.securables import Column
from boathouse.foundation.errors import NotFound, did_you_mean

Tags = Mapping[str, Mapping[str, str]]
"""By name of column, as the log spells it."""

_COLUMN_ID = "delta.columnMapping.id"


def with_tags(columns: Iterable[Column], tags: Tags) -> tuple[Column, ...]:
    """The columns with the tags that are kept for their names."""
    return tuple(replace(each, tags=dict(tags.get(each.name, {}))) for each in columns)


def tags_of(columns: Iterable[Column]) -> dict[str, dict[str, str]]:
    """The tags as they are kept."""
    return {each.name: each.tags for each in columns if each.tags}


def carried(old: Sequence[Column], new: Sequence[Column]) -> tuple[Column, ...]:
    """The new columns of a table with the tags of the old ones that they are: a renamed column keeps its tags, and one
    that takes the name of a dropped one does not get them. Where the log does not number columns, the name decides."""
    by_id = {id: each for each in old if (id := _id_of(each)) is not None}
    return tuple(_carried(each, by_id, _by_name(old)) for each in new)


def carried_by_name(old: Sequence[Column], new: Sequence[Column]) -> tuple[Column, ...]:
    """The columns of a table that takes the place of another one."""
    known = _by_name(old)
    return tuple(replace(each, tags=_tags(known.get(each.name.lower()))) for each in new)


def named(table: str, columns: Sequence[Column], column: str) -> Column:
    """The column of that name, however it is spelled.

    Raises:
        NotFound: There is none.
    """
    found = _by_name(columns).get(column.lower())
    if found is None:
        hint = did_you_mean(column, [each.name for each in columns])
        raise NotFound(f"Table {table} has no column {column}.", hint=hint)
    return found


def _carried(column: Column, by_id: Mapping[int, Column], by_name: Mapping[str, Column]) -> Column:
    id = _id_of(column)
    found = by_name.get(column.name.lower())
    if id is not None and (found is None or _id_of(found) is not None):
        found = by_id.get(id)
    return replace(column, tags=_tags(found))


def _tags(column: Column | None) -> dict[str, str]:
    return {} if column is None else dict(column.tags)


def _by_name(columns: Iterable[Column]) -> dict[str, Column]:
    return {each.name.lower(): each for each in columns}


def _id_of(column: Column) -> int | None:
    """The number that the log gives a column for good, where it maps columns."""
    metadata = json.loads(column.type_json or "{}").get("metadata")
    id = metadata.get(_COLUMN_ID) if isinstance(metadata, dict) else None
    return id if isinstance(id, int) else None
