"""Rows of passes."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update

from boathouse.care.garbage.nouns import Kind, Pass, Request, Total
from boathouse.care.garbage.schema import garbage_passes
from boathouse.metastore import Database


class PassRepository:
    """Writes down passes when they begin and when they end."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, new: Pass) -> None:
        with self._database.write() as connection:
            connection.execute(insert(garbage_passes).values(id=new.id, **_values(new)))

    def update(self, changed: Pass) -> None:
        with self._database.write() as connection:
            mine = garbage_passes.c.id == changed.id
            connection.execute(update(garbage_passes).where(mine).values(**_values(changed)))

    def find(self, id: str) -> Pass | None:
        with self._database.read() as connection:
            row = connection.execute(select(garbage_passes).where(garbage_passes.c.id == id)).first()
        return _of_row(row) if row is not None else None

    def latest(self, limit: int = 20) -> list[Pass]:
        """Newest first."""
        query = select(garbage_passes).order_by(garbage_passes.c.started_at.desc()).limit(limit)
        with self._database.read() as connection:
            return [_of_row(row) for row in connection.execute(query)]


def _values(found: Pass) -> dict[str, Any]:
    return {
        "principal": found.principal,
        "is_dry_run": found.request.is_dry_run,
        "older_than_seconds": round(found.request.older_than.total_seconds()),
        "kinds": json.dumps(sorted(each.value for each in found.request.kinds)),
        "started_at": found.started_at,
        "ended_at": found.ended_at,
        "totals": json.dumps({kind.value: total.to_json() for kind, total in found.totals.items()}),
        "error": found.error,
    }


def _of_row(row: Row[Any]) -> Pass:
    kinds = frozenset(Kind(each) for each in json.loads(row.kinds))
    totals = {Kind(kind): Total(**total) for kind, total in json.loads(row.totals).items()}
    request = Request(row.is_dry_run, timedelta(seconds=row.older_than_seconds), kinds)
    return Pass(row.id, row.principal, request, row.started_at, row.ended_at, None, totals, row.error)
