"""What the tests of publishing see of an online table, and what they should see by the definition of a lookup."""

from collections.abc import Mapping, Sequence
from typing import Any

from boathouse.features.feature_spec import Lookup, Output
from boathouse.features.online import stores
from boathouse.features.point_in_time.definition import define
from boathouse.features.tables.feature_tables import FeatureTable
from boathouse.session import Session


def online_rows(session: Session, online_table: str, store: str = "default") -> dict[Any, dict[str, Any]]:
    """All rows by key, a single key column as its value."""
    opened = stores.opened_store(session, store)
    try:
        table = opened.table(online_table)
        assert table is not None
        keys, features = table.schema.keys.names, table.schema.features.names
        found: dict[Any, dict[str, Any]] = {}
        for batch in table.scan():
            for row in batch.to_pylist():
                key = tuple(row[name] for name in keys)
                assert key not in found
                found[key[0] if len(key) == 1 else key] = {name: row[name] for name in features}
        assert len(found) == table.count()
        return found
    finally:
        opened.close()


def meta(session: Session, online_table: str, store: str = "default") -> Mapping[str, Any]:
    opened = stores.opened_store(session, store)
    try:
        table = opened.table(online_table)
        assert table is not None
        return table.meta
    finally:
        opened.close()


def defined_rows(table: FeatureTable, rows: Sequence[dict[str, Any]], now: Any) -> dict[Any, dict[str, Any]]:
    """By the definition of a lookup, asked at ``now`` for every key that there is."""
    keys = table.entity_keys
    at = "__now" if table.timeseries_column else None
    lookup = Lookup(
        table.table,
        tuple((key, key) for key in keys),
        tuple(Output(name, name, "") for name in table.features),
        event=table.timeseries_column,
        at=at,
        known=table.known,
    )
    found: dict[Any, dict[str, Any]] = {}
    for key in {tuple(row[name] for name in keys) for row in rows}:
        spine = {**dict(zip(keys, key, strict=True)), "__now": now}
        winner = define(spine, lookup, rows).winner
        if winner is not None:
            found[key[0] if len(key) == 1 else key] = {name: winner[name] for name in table.features}
    return found
