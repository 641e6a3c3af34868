"""A first contract for a table that has none: what holds of it today, for people to correct."""

from typing import Any

import yaml

from boathouse.foundation.clock import Clock
from boathouse.foundation.names import TableName
from boathouse.quality.contracts.schema_terms import logical_type_of
from boathouse.quality.profiles.summarizing import summarize
from boathouse.session import Session

MOST_VALUES = 12
"""A text with at most so many different values is taken for one of a list."""
LEAST_ROWS = 100
"""From so many rows on, what holds of them is taken for a rule."""


def infer(session: Session, table: str | TableName, clock: Clock, *, owner: str | None = None) -> str:
    """A contract as YAML: columns and types; values that are always there; lists of known values; at least one row."""
    name = table if isinstance(table, TableName) else TableName.parse(table)
    (opened,) = session.open_tables([name])
    found = summarize(session, str(name), version=opened.snapshot.version)
    profiles: dict[str, Any] = {each["name"].lower(): each for each in found["columns"]}
    rows = int(found["rows"])
    properties = [_property(column, profiles.get(column.name.lower()), rows) for column in opened.table.columns]
    document: dict[str, Any] = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": str(name),
        "name": name.name,
        "version": "0.1.0",
        "status": "draft",
        "description": {"purpose": opened.table.securable.comment or f"What {name} holds."},
        "schema": [
            {
                "name": name.name,
                "physicalName": name.name,
                "physicalType": "table",
                "logicalType": "object",
                "properties": properties,
                "quality": [
                    {
                        "name": "has rows",
                        "type": "library",
                        "metric": "rowCount",
                        "mustBeGreaterThan": 0,
                        "severity": "error",
                    }
                ],
            }
        ],
        "team": {"members": [{"username": owner or opened.table.securable.owner, "role": "owner"}]},
        "contractCreatedTs": clock.now().isoformat(timespec="seconds"),
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _property(column: Any, profile: Any, rows: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": column.name,
        "logicalType": logical_type_of(column.type_text),
        "physicalType": column.type_text,
    }
    if column.comment:
        found["description"] = column.comment
    is_full = profile is not None and rows >= LEAST_ROWS and not profile["percent_null"]
    if not column.nullable or is_full:
        found["required"] = True
    values = _known_values(profile, rows) if column.type_text == "string" else None
    if values:
        found["enum"] = [{"value": each} for each in values]
    return found


def _known_values(profile: Any, rows: int) -> list[str] | None:
    """The different values of a column of few."""
    if profile is None or rows < LEAST_ROWS or profile.get("other_items"):
        return None
    items = profile.get("frequent_items") or []
    if not 0 < len(items) <= MOST_VALUES or any(each["item"] is None for each in items):
        return None
    return sorted(str(each["item"]) for each in items)
