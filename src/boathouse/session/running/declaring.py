"""Declaring what the catalog alone knows of a table: its primary key, and the clocks of its features."""

from collections.abc import Mapping, Sequence

from boathouse.catalog import SecurableKind, Table
from boathouse.catalog.keys import (
    CLOCKS,
    PrimaryKey,
    checked_key,
    default_name,
    is_declared,
    primary_key_of,
    require_clocks,
    require_known_time,
    undeclared,
)
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import TableName
from boathouse.lake import open_snapshot
from boathouse.session.running.access import Access
from boathouse.session.running.constraints import PREFIX

_NO_KEY = PrimaryKey(())


def add_key(access: Access, name: TableName, table: Table, key: PrimaryKey) -> None:
    """Declare a primary key; no row is read, since its columns are NOT NULL already.

    Raises:
        InvalidInput: There is a key, or a column of this one is missing, may be null, or is of a type that is no key.
    """
    there = primary_key_of(table)
    if there is not None:
        raise InvalidInput(
            f"Table {name} has a primary key already: {there.to_sql()}.", hint=f"ALTER TABLE {name} DROP PRIMARY KEY."
        )
    constraints = [each for each in open_snapshot(table.storage_location).properties if each.startswith(PREFIX)]
    named = PrimaryKey(key.entity, key.timeseries, key.name or default_name(str(name)))
    if f"{PREFIX}{named.name}".lower() in [each.lower() for each in constraints]:
        raise InvalidInput(f"There is a constraint {named.name} already.", hint="Give the key another name.")
    checked = checked_key(named, table.columns, str(name))
    require_known_time(checked, table.securable.properties, table.columns, str(name))
    _set(access, table, checked.properties())


def drop_key(access: Access, name: TableName, table: Table, *, if_exists: bool) -> None:
    """Take the declaration back; rows and clocks stay.

    Raises:
        InvalidInput: There is no key.
    """
    if primary_key_of(table) is None:
        if not if_exists:
            raise InvalidInput(f"Table {name} has no primary key.")
        return
    _set(access, table, dict.fromkeys(_NO_KEY.properties()))


def is_key(table: Table, constraint: str) -> bool:
    """Whether the table's primary key is called so."""
    key = primary_key_of(table)
    return key is not None and key.name.lower() == constraint.lower()


def require_no_key(name: TableName, table: Table, column: str) -> None:
    """Refuse to let a column be null that belongs to the key.

    Raises:
        InvalidInput: It does.
    """
    key = primary_key_of(table)
    if key is not None and column.lower() in [each.lower() for each in key.columns]:
        raise InvalidInput(
            f"The column {column} belongs to the primary key of {name}, so it cannot be null.",
            hint=f"ALTER TABLE {name} DROP PRIMARY KEY first.",
        )


def split(properties: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Properties that the catalog keeps, and those of the table's own log."""
    declared = {key: value for key, value in properties.items() if is_declared(key)}
    return declared, {key: value for key, value in properties.items() if key not in declared}


def set_clocks(access: Access, name: TableName, table: Table, properties: Mapping[str, str]) -> None:
    """Say since when values are known, or how fresh they are kept.

    Raises:
        InvalidInput: It makes no sense for this table.
    """
    if not properties:
        return
    require_clocks(properties)
    there = table.securable.properties
    after = {**there, **properties}
    settable = {each: after[each] for each in after if each in CLOCKS}
    require_clocks(settable)
    require_known_time(primary_key_of(table) or _NO_KEY, after, table.columns, str(name))
    _set(access, table, dict(properties))


def unset_clocks(
    access: Access, name: TableName, table: Table, properties: Sequence[str], *, if_exists: bool
) -> list[str]:
    """Take clocks and promises back; gives the other properties.

    Raises:
        InvalidInput: One was not set, or is not for users to unset.
    """
    declared = [each for each in properties if is_declared(each)]
    require_clocks(dict.fromkeys(declared, "0"))
    there = table.securable.properties
    for each in declared:
        if each not in there and not if_exists:
            raise InvalidInput(f"Table {name} has no property {each}.", hint=did_you_mean(each, there))
    if declared:
        _set(access, table, dict.fromkeys(declared))
    return [each for each in properties if each not in declared]


def replace(access: Access, old: Table, declared: Mapping[str, str]) -> None:
    """What a table that was replaced in its place is declared to be: what the new definition says, and no more."""
    changes = {**undeclared(old.securable.properties), **declared}
    if changes:
        _set(access, old, changes)


def _set(access: Access, table: Table, properties: Mapping[str, str | None]) -> None:
    access.law.set_properties(access.principal, SecurableKind.TABLE, table.securable.full_name, properties)
