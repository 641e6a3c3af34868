"""Rows of online stores and of what is published to them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Row, String, Table, Text, delete, insert, select, update

from boathouse.features.online.nouns import NewPublication, OnlineStoreInfo, Outcome, Publication, StoreKind
from boathouse.metastore import metadata

online_stores = Table(
    "online_stores",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("url", Text, nullable=False),  # a password in it is a reference to a secret
    Column("owner", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

online_tables = Table(
    "online_tables",
    metadata,
    Column("name", String(767), primary_key=True),
    Column("store", String(64), nullable=False),
    Column("source_table", String(767), nullable=False),  # as it was called when it was published last
    Column("source_id", String(36), nullable=False),
    Column("mode", String(16), nullable=False),  # as asked for
    Column("features", Text, nullable=False),  # JSON
    Column("time_to_live_ms", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("published_version", BigInteger),  # null: declared, and nothing published yet
    Column("published_at", BigInteger),
    Column("published_mode", String(16)),  # what was done
    Column("key_count", BigInteger),
    Index("ix_online_tables_source_id", "source_id"),
    Index("ix_online_tables_store", "store"),
)

_s, _t = online_stores.c, online_tables.c


@dataclass(frozen=True, slots=True)
class Declared:
    """A publication as it is kept."""

    publication: Publication
    source_id: str
    created_at: int


def insert_store(connection: Connection, store: OnlineStoreInfo) -> None:
    """Raises IntegrityError when the name is taken."""
    values = {"name": store.name, "kind": store.kind.value, "url": store.url, "owner": store.owner}
    connection.execute(insert(online_stores).values(**values, created_at=store.created_at))


def find_store(connection: Connection, name: str) -> OnlineStoreInfo | None:
    row = connection.execute(select(online_stores).where(_s.name == name)).first()
    return None if row is None else _store(row)


def stores(connection: Connection) -> Sequence[OnlineStoreInfo]:
    """All that were registered, by name."""
    return [_store(row) for row in connection.execute(select(online_stores).order_by(_s.name))]


def delete_store(connection: Connection, name: str) -> None:
    connection.execute(delete(online_stores).where(_s.name == name))


def put_publication(connection: Connection, new: NewPublication, source_id: str, *, at: int, by: str) -> None:
    """Declare a publication, or change one that was declared; what was published stays known."""
    values: dict[str, Any] = {
        "store": new.store,
        "source_table": new.source_table,
        "source_id": source_id,
        "mode": new.mode,
        "features": json.dumps(list(new.features)),
        "time_to_live_ms": None if new.time_to_live is None else round(new.time_to_live / timedelta(milliseconds=1)),
    }
    changed = connection.execute(update(online_tables).where(_t.name == new.online_table).values(**values))
    if not changed.rowcount:
        connection.execute(insert(online_tables).values(name=new.online_table, created_at=at, created_by=by, **values))


def set_outcome(connection: Connection, online_table: str, outcome: Outcome) -> None:
    connection.execute(
        update(online_tables).where(_t.name == online_table).values(
            published_version=outcome.version, published_at=outcome.published_at, published_mode=outcome.mode,
            key_count=outcome.keys,
        )
    )  # fmt: skip


def find_publication(connection: Connection, online_table: str) -> Declared | None:
    row = connection.execute(select(online_tables).where(_t.name == online_table)).first()
    return None if row is None else _declared(row)


def publications(
    connection: Connection, *, store: str | None = None, source_ids: Sequence[str] | None = None
) -> Sequence[Declared]:
    """Those of a store, those of tables, or all; by name."""
    query = select(online_tables).order_by(_t.name)
    if store is not None:
        query = query.where(_t.store == store)
    if source_ids is not None:
        query = query.where(_t.source_id.in_(source_ids))
    return [_declared(row) for row in connection.execute(query)]


def delete_publication(connection: Connection, online_table: str) -> None:
    connection.execute(delete(online_tables).where(_t.name == online_table))


def _store(row: Row[Any]) -> OnlineStoreInfo:
    return OnlineStoreInfo(row.name, StoreKind(row.kind), row.url, row.owner, row.created_at)


def _declared(row: Row[Any]) -> Declared:
    publication = Publication(
        row.name, row.store, row.source_table,
        published_version=-1 if row.published_version is None else row.published_version,
        published_at=row.published_at or 0,
        keys=row.key_count or 0,
        mode=row.published_mode or row.mode,
        time_to_live=None if row.time_to_live_ms is None else timedelta(milliseconds=row.time_to_live_ms),
        features=tuple(json.loads(row.features)),
        created_by=row.created_by,
    )  # fmt: skip
    return Declared(publication, row.source_id, row.created_at)
