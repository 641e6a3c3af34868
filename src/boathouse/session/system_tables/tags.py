# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Tags, as the information schema tells of them."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from boathouse.catalog import Securable, Table
from boathouse.session.system_tables.types import TEXT

_LEVELS = ("catalog_name", "schema_name")


def _schema(*names: str) -> pa.Schema:
    return pa.schema([(name, TEXT) for name in (*names, "tag_name", "tag_value")])


TAGS: dict[str, pa.Schema] = {
    "catalog_tags": _schema("catalog_name"),
    "schema_tags": _schema(*_LEVELS),
    "table_tags": _schema(*_LEVELS, "table_name"),
    "column_tags": _schema(*_LEVELS, "table_name", "column_name"),
    "volume_tags": _schema(*_LEVELS, "volume_name"),
}


def tag_rows(securables: Iterable[Securable]) -> Iterator[dict[str, Any]]:
    """The tags of catalogs, schemas, tables or volumes."""
    for each in securables:
        for key, value in sorted(each.tags.items()):
            yield {**_place(each), "tag_name": key, "tag_value": value}


def column_tag_rows(tables: Iterable[Table]) -> Iterator[dict[str, Any]]:
    """The tags of columns."""
    for table in tables:
        for column in table.columns:
            for key, value in sorted(column.tags.items()):
                place = {**_place(table.securable), "column_name": column.name}
                yield {**place, "tag_name": key, "tag_value": value}


def _place(securable: Securable) -> dict[str, str]:
    parts = securable.full_name.split(".")
    return dict(zip((*_LEVELS, f"{securable.kind.value}_name"), parts, strict=False))
