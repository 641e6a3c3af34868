"""Rows of governed things."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from boathouse.catalog.column_tags import carried, tags_of, with_tags
from boathouse.catalog.definitions import view_of
from boathouse.catalog.facts import SecurableExists
from boathouse.catalog.hierarchy import NAMED_BY_LEVELS, SecurableKey
from boathouse.catalog.repository import search_index
from boathouse.catalog.repository.schema import grants, securables, table_details, view_details, volume_details
from boathouse.catalog.securables import Column, Securable, SecurableKind, Table, TableType, Volume

_CHUNK = 400
"""Names per query; SQLite limits the number of bound values."""

_SEARCHED = frozenset({"full_name", "title", "owner", "comment", "tags"})
"""What search looks into, beside the columns of tables."""

_live = securables.c.deleted_at.is_(None)


def insert(connection: Connection, securable: Securable, parent_id: str | None) -> None:
    """Add a live thing.

    Raises:
        SecurableExists: Its name is taken, perhaps by somebody who was faster.
    """
    row = {
        "id": securable.id,
        "kind": securable.kind.value,
        "full_name": securable.full_name,
        "parent_id": parent_id,
        "owner": securable.owner,
        "comment": securable.comment,
        "title": securable.title,
        "properties": json.dumps(securable.properties, ensure_ascii=False),
        "tags": json.dumps(securable.tags, ensure_ascii=False),
        "created_at": securable.created_at,
        "created_by": securable.created_by,
        "updated_at": securable.updated_at,
        "updated_by": securable.updated_by,
    }
    try:
        connection.execute(securables.insert(), row)
    except IntegrityError as error:
        raise SecurableExists(securable.kind, securable.full_name) from error
    search_index.index(connection, securable.id)


def insert_table(connection: Connection, table: Table) -> None:
    connection.execute(
        table_details.insert(),
        {
            "securable_id": table.securable.id,
            "table_type": table.table_type.value,
            "data_source_format": table.data_source_format,
            "storage_location": table.storage_location,
            "columns": _columns_json(table.columns),
            "column_tags": json.dumps(tags_of(table.columns), ensure_ascii=False),
        },
    )
    search_index.index(connection, table.securable.id)


def insert_volume(connection: Connection, volume: Volume) -> None:
    connection.execute(
        volume_details.insert(),
        {
            "securable_id": volume.securable.id,
            "volume_type": volume.volume_type,
            "storage_location": volume.storage_location,
        },
    )


def find(connection: Connection, key: SecurableKey) -> Securable | None:
    """The live thing of that kind and name."""
    row = connection.execute(select(securables).where(*_named(key))).mappings().first()
    return None if row is None else securable_of_row(row)


def find_and_hold(connection: Connection, key: SecurableKey, *, to_change: bool) -> Securable | None:
    """As :func:`find`; until the transaction ends nobody drops it, nor puts anything into it if it is to change.
    (SQLite has one writer anyway.)"""
    query = select(securables).where(*_named(key)).with_for_update(read=not to_change)
    row = connection.execute(query).mappings().first()
    return None if row is None else securable_of_row(row)


def find_by_id(connection: Connection, id: str) -> Securable | None:
    row = connection.execute(select(securables).where(securables.c.id == id, _live)).mappings().first()
    return None if row is None else securable_of_row(row)


def titled(connection: Connection, kinds: Sequence[SecurableKind], text: str) -> list[Securable]:
    """The live things of these kinds that have this title or this name, by name."""
    same = or_(securables.c.title == text, securables.c.full_name == text)
    query = select(securables).where(same, securables.c.kind.in_([kind.value for kind in kinds]), _live)
    return [securable_of_row(row) for row in connection.execute(query.order_by(securables.c.full_name)).mappings()]


def by_ids(connection: Connection, ids: Sequence[str]) -> dict[str, Securable]:
    """The live things among the ids, by id."""
    found: dict[str, Securable] = {}
    for start in range(0, len(ids), _CHUNK):
        query = select(securables).where(securables.c.id.in_(ids[start : start + _CHUNK]), _live)
        found |= {row["id"]: securable_of_row(row) for row in connection.execute(query).mappings()}
    return found


def id_is_taken(connection: Connection, id: str) -> bool:
    """Whether a thing, live or dropped, has this id."""
    return connection.execute(select(securables.c.id).where(securables.c.id == id)).first() is not None


def find_table(connection: Connection, full_name: str) -> Table | None:
    found = _tables(connection, securables.c.full_name == full_name)
    return found[0] if found else None


def find_table_by_id(connection: Connection, table_id: str) -> Table | None:
    found = _tables(connection, securables.c.id == table_id)
    return found[0] if found else None


def tables_in(connection: Connection, schema: str) -> list[Table]:
    """The live tables of a schema, by name."""
    return _tables(connection, securables.c.parent_id == _id_of((SecurableKind.SCHEMA, schema)))


def find_volume(connection: Connection, full_name: str) -> Volume | None:
    found = _volumes(connection, securables.c.full_name == full_name)
    return found[0] if found else None


def volumes_in(connection: Connection, schema: str) -> list[Volume]:
    return _volumes(connection, securables.c.parent_id == _id_of((SecurableKind.SCHEMA, schema)))


def children(connection: Connection, kind: SecurableKind, parent: SecurableKey | None) -> list[Securable]:
    """The live things of a kind, in one parent or anywhere, by name."""
    query = select(securables).where(securables.c.kind == kind.value, _live).order_by(securables.c.full_name)
    if parent is not None:
        query = query.where(securables.c.parent_id == _id_of(parent))
    return [securable_of_row(row) for row in connection.execute(query).mappings()]


def everything_in(connection: Connection, securable: Securable) -> list[Securable]:
    """All live things below a catalog or schema, however deep."""
    query = select(securables).where(_below(securable.full_name), _live).order_by(securables.c.full_name)
    return [securable_of_row(row) for row in connection.execute(query).mappings()]


def locations_in_use(connection: Connection) -> list[tuple[SecurableKind, str, str]]:
    """Kind, full name and storage location of every live table and volume that has one."""
    found: list[tuple[SecurableKind, str, str]] = []
    for details in (table_details, volume_details):
        query = (
            select(securables.c.kind, securables.c.full_name, details.c.storage_location)
            .join(details, details.c.securable_id == securables.c.id)
            .where(_live, details.c.storage_location != "")
        )
        found += [(SecurableKind(row[0]), row[1], row[2]) for row in connection.execute(query)]
    return found


def change(connection: Connection, id: str, values: Mapping[str, Any]) -> None:
    """Set columns of one thing; mappings are stored as JSON."""
    stored = {
        key: json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else value
        for key, value in values.items()
    }
    connection.execute(update(securables).where(securables.c.id == id).values(**stored))
    if not _SEARCHED.isdisjoint(values):
        search_index.index(connection, id)


def set_columns(connection: Connection, table_id: str, columns: Sequence[Column]) -> None:
    """The columns as the log has them now; tags stay with those that are the same."""
    d = table_details.c
    found = connection.execute(select(d.columns, d.column_tags).where(d.securable_id == table_id)).first()
    old = _columns_of(found[0], found[1]) if found is not None else ()
    tags = json.dumps(tags_of(carried(old, columns)), ensure_ascii=False)
    connection.execute(
        update(table_details).where(d.securable_id == table_id).values(columns=_columns_json(columns), column_tags=tags)
    )
    search_index.index(connection, table_id)


def set_column_tags(connection: Connection, table_id: str, column: str, tags: Mapping[str, str]) -> None:
    """Give a column these tags instead of those that it has."""
    d = table_details.c
    found = connection.execute(select(d.column_tags).where(d.securable_id == table_id)).scalar_one()
    kept = {name: each for name, each in {**json.loads(found), column: dict(tags)}.items() if each}
    connection.execute(
        update(table_details).where(d.securable_id == table_id).values(column_tags=json.dumps(kept, ensure_ascii=False))
    )
    search_index.index(connection, table_id)


def rename(connection: Connection, securable: Securable, new_full_name: str) -> None:
    """Give a thing and all below it their new names.

    Raises:
        SecurableExists: The new name is taken.
    """
    try:
        change(connection, securable.id, {"full_name": new_full_name})
    except IntegrityError as error:
        raise SecurableExists(securable.kind, new_full_name) from error
    if securable.kind in (SecurableKind.CATALOG, SecurableKind.SCHEMA):
        tail = func.substr(securables.c.full_name, len(securable.full_name) + 1)
        connection.execute(
            update(securables).where(_below(securable.full_name), _live).values(full_name=new_full_name + tail)
        )


def mark_deleted(connection: Connection, ids: Sequence[str], *, at: int, by: str) -> None:
    for start in range(0, len(ids), _CHUNK):
        connection.execute(
            update(securables)
            .where(securables.c.id.in_(ids[start : start + _CHUNK]))
            .values(deleted_at=at, deleted_by=by)
        )
    search_index.forget(connection, ids)


def owned_by(connection: Connection, owner: str) -> list[Securable]:
    query = select(securables).where(securables.c.owner == owner, _live).order_by(securables.c.full_name)
    return [securable_of_row(row) for row in connection.execute(query).mappings()]


def give_to(connection: Connection, owner: str, new_owner: str) -> None:
    ids = [row[0] for row in connection.execute(select(securables.c.id).where(securables.c.owner == owner, _live))]
    connection.execute(update(securables).where(securables.c.owner == owner).values(owner=new_owner))
    for id in ids:
        search_index.index(connection, id)


def standings(
    connection: Connection, keys: Sequence[SecurableKey]
) -> Iterable[tuple[str, SecurableKind, str, str, str | None, str | None]]:
    """Id, kind, name and owner of the live ones among the keys, once per grant, with grantee and privilege."""
    for start in range(0, len(keys), _CHUNK):
        wanted = [(kind.value, name) for kind, name in keys[start : start + _CHUNK]]
        query = (
            select(
                securables.c.id,
                securables.c.kind,
                securables.c.full_name,
                securables.c.owner,
                grants.c.grantee,
                grants.c.privilege,
            )
            .outerjoin(grants, grants.c.securable_id == securables.c.id)
            .where(tuple_(securables.c.kind, securables.c.full_name).in_(wanted), _live)
        )
        for row in connection.execute(query):
            yield row[0], SecurableKind(row[1]), row[2], row[3], row[4], row[5]


def touched_by(connection: Connection, identities: Iterable[str]) -> list[SecurableKey]:
    """The live things in catalogs that the identities own or hold a grant on."""
    names = list(identities)
    kinds = [kind.value for kind in NAMED_BY_LEVELS]
    granted = select(grants.c.securable_id).where(grants.c.grantee.in_(names))
    query = select(securables.c.kind, securables.c.full_name).where(
        _live, securables.c.kind.in_(kinds), or_(securables.c.owner.in_(names), securables.c.id.in_(granted))
    )
    return [(SecurableKind(row[0]), row[1]) for row in connection.execute(query)]


def names_of(connection: Connection, kind: SecurableKind, parent_ids: Sequence[str] | None = None) -> list[str]:
    """The names of the live things of a kind: all, or those that lie in one of these."""
    query = select(securables.c.full_name).where(securables.c.kind == kind.value, _live)
    if parent_ids is None:
        return list(connection.execute(query).scalars())
    found: list[str] = []
    for start in range(0, len(parent_ids), _CHUNK):
        block = parent_ids[start : start + _CHUNK]
        found += connection.execute(query.where(securables.c.parent_id.in_(block))).scalars()
    return found


def names_touched_by(connection: Connection, kind: SecurableKind, identities: Iterable[str]) -> set[str]:
    """The names of the live things of a kind that the identities own or hold a grant on."""
    names = list(identities)
    query = select(securables.c.kind, securables.c.full_name).where(_live)
    granted = select(grants.c.securable_id).where(grants.c.grantee.in_(names))
    # Asked for the kind too, SQLite would go through all of that kind instead of through what is theirs.
    theirs = [query.where(securables.c.owner.in_(names)), query.where(securables.c.id.in_(granted))]
    return {row[1] for each in theirs for row in connection.execute(each) if row[0] == kind.value}


def _named(key: SecurableKey) -> tuple[Any, ...]:
    return securables.c.kind == key[0].value, securables.c.full_name == key[1], _live


def _id_of(key: SecurableKey) -> Any:
    return select(securables.c.id).where(*_named(key)).scalar_subquery()


def _below(full_name: str) -> Any:
    prefix = f"{full_name}."
    return and_(
        func.substr(securables.c.full_name, 1, len(prefix)) == prefix,
        securables.c.kind.in_([kind.value for kind in NAMED_BY_LEVELS]),
    )


def _tables(connection: Connection, condition: Any) -> list[Table]:
    query = (
        select(securables, table_details, view_details.c.definition)
        .join(table_details, table_details.c.securable_id == securables.c.id)
        .outerjoin(view_details, view_details.c.securable_id == securables.c.id)
        .where(condition, securables.c.kind == SecurableKind.TABLE.value, _live)
        .order_by(securables.c.full_name)
    )
    return [
        Table(
            securable_of_row(row),
            TableType(row["table_type"]),
            row["data_source_format"],
            row["storage_location"],
            _columns_of(row["columns"], row["column_tags"]),
            None if row["definition"] is None else view_of(json.loads(row["definition"])),
        )
        for row in connection.execute(query).mappings()
    ]


def _volumes(connection: Connection, condition: Any) -> list[Volume]:
    query = (
        select(securables, volume_details)
        .join(volume_details, volume_details.c.securable_id == securables.c.id)
        .where(condition, securables.c.kind == SecurableKind.VOLUME.value, _live)
        .order_by(securables.c.full_name)
    )
    rows = connection.execute(query).mappings()
    return [Volume(securable_of_row(row), row["volume_type"], row["storage_location"]) for row in rows]


def securable_of_row(row: RowMapping) -> Securable:
    return Securable(
        id=row["id"],
        kind=SecurableKind(row["kind"]),
        full_name=row["full_name"],
        owner=row["owner"],
        comment=row["comment"],
        title=row["title"],
        properties=json.loads(row["properties"]),
        tags=json.loads(row["tags"]),
        created_at=row["created_at"],
        created_by=row["created_by"],
        updated_at=row["updated_at"],
        updated_by=row["updated_by"],
    )


def _columns_of(columns: str, tags: str) -> tuple[Column, ...]:
    return with_tags((Column(**column) for column in json.loads(columns)), json.loads(tags))


def _columns_json(columns: Sequence[Column]) -> str:
    names = [name for name in Column.__slots__ if name != "tags"]
    return json.dumps([{name: getattr(column, name) for name in names} for column in columns], ensure_ascii=False)
