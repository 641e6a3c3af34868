"""Counters that tell every process when what it remembers is out of date."""

from sqlalchemy import Connection, select, update

from boathouse.catalog.repository.schema import generations


def current(connection: Connection, name: str) -> int:
    """The counter's value; 0 before anything has changed."""
    return connection.execute(select(generations.c.value).where(generations.c.name == name)).scalar() or 0


def every(connection: Connection) -> dict[str, int]:
    """All counters by name, for those who follow more than one."""
    return {row.name: row.value for row in connection.execute(select(generations.c.name, generations.c.value))}


def bump(connection: Connection, name: str) -> int:
    """Count up; on Postgres this holds the row until the transaction ends, so that numbers never repeat."""
    changed = connection.execute(
        update(generations).where(generations.c.name == name).values(value=generations.c.value + 1)
    )
    if changed.rowcount == 0:
        connection.execute(generations.insert().values(name=name, value=1))
    return current(connection, name)
