"""Rows of reproductions and recipes."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.metastore import Database
from boathouse.models.repository import model_version_sources
from boathouse.models.reproduction.nouns import Aspect, Held, Registered, Reproduction, Status
from boathouse.models.reproduction.schema import reproductions, run_recipes


class ReproductionRepository:
    """Reads and writes them. Follows models that are renamed or gone."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # --- recipes

    def keep_recipe(self, connection: Connection, run_id: str, recipe: Mapping[str, Any]) -> None:
        """Keep how the task of a run was done, unless it is kept already; within somebody's transaction."""
        known = select(run_recipes.c.run_id).where(run_recipes.c.run_id == run_id)
        if connection.execute(known).first() is None:
            text = json.dumps(recipe, ensure_ascii=False)
            now = epoch_ms(self._clock.now())
            connection.execute(insert(run_recipes).values(run_id=run_id, recipe=text, created_at=now))

    def recipe(self, run_id: str) -> dict[str, Any] | None:
        with self._database.read() as connection:
            text = connection.execute(select(run_recipes.c.recipe).where(run_recipes.c.run_id == run_id)).scalar()
        return json.loads(text) if text is not None else None

    def source_roots(self) -> set[str]:
        """The folders of deployed code that recipes name."""
        with self._database.read() as connection:
            recipes = [json.loads(text) for text in connection.execute(select(run_recipes.c.recipe)).scalars()]
        return {each["deployment"]["source_root"] for each in recipes if each.get("deployment")} - {""}

    # --- reproductions

    def add(self, new: Reproduction) -> None:
        with self._database.write() as connection:
            connection.execute(insert(reproductions).values(**_row(new)))

    def started(self, id: str, job_run_id: int) -> None:
        with self._database.write() as connection:
            connection.execute(update(reproductions).where(reproductions.c.id == id).values(job_run_id=job_run_id))

    def drop(self, id: str) -> None:
        """Forget one that never began."""
        with self._database.write() as connection:
            connection.execute(delete(reproductions).where(reproductions.c.id == id))

    def find(self, id: str) -> Reproduction | None:
        with self._database.read() as connection:
            row = connection.execute(select(reproductions).where(reproductions.c.id == id)).first()
        return _of_row(row) if row is not None else None

    def of_version(self, model: str, version: int | None) -> list[Reproduction]:
        """Newest first."""
        query = select(reproductions).where(reproductions.c.model == model, reproductions.c.deleted_at.is_(None))
        if version is not None:
            query = query.where(reproductions.c.version == version)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(reproductions.c.started_at.desc(), reproductions.c.id)).all()
        return [_of_row(row) for row in rows]

    def unfinished(self) -> list[Reproduction]:
        query = select(reproductions).where(reproductions.c.status == Status.RUNNING.value)
        with self._database.read() as connection:
            return [_of_row(row) for row in connection.execute(query)]

    def change(self, id: str, how: Callable[[Reproduction], Reproduction]) -> Reproduction | None:
        """Change one that is under way, alone with it; None when it is over or gone."""
        query = select(reproductions).where(reproductions.c.id == id, reproductions.c.status == Status.RUNNING.value)
        with self._database.write() as connection:
            row = connection.execute(query.with_for_update()).first()
            if row is None:
                return None
            changed = how(_of_row(row))
            connection.execute(update(reproductions).where(reproductions.c.id == id).values(**_row(changed)))
        return changed

    # --- models that are renamed or gone

    def renamed(self, connection: Connection, name: str, new_name: str) -> None:
        mine = reproductions.c.model == name
        connection.execute(update(reproductions).where(mine).values(model=new_name))

    def version_gone(self, connection: Connection, name: str, version: int) -> None:
        mine = (reproductions.c.model == name) & (reproductions.c.version == version)
        now = epoch_ms(self._clock.now())
        is_new = reproductions.c.deleted_at.is_(None)
        connection.execute(update(reproductions).where(mine, is_new).values(deleted_at=now))
        used = select(model_version_sources.c.run_id).where(model_version_sources.c.run_id.is_not(None))
        connection.execute(delete(run_recipes).where(run_recipes.c.run_id.not_in(used)))

    def model_gone(self, connection: Connection, name: str) -> None:
        """Its versions have gone before."""


def with_registered(found: Reproduction, new: Registered) -> Reproduction:
    return replace(found, registered=(*found.registered, new))


def with_held_back(found: Reproduction, what: str) -> Reproduction:
    return found if what in found.held_back else replace(found, held_back=(*found.held_back, what))


def _row(found: Reproduction) -> dict[str, Any]:
    return {
        "id": found.id,
        "model": found.model,
        "version": found.version,
        "run_id": found.run_id,
        "job_run_id": found.job_run_id,
        "principal": found.principal,
        "status": found.status.value,
        "started_at": found.started_at,
        "ended_at": found.ended_at,
        "held": json.dumps([[each.table_id, each.name, each.version] for each in found.held]),
        "limits": json.dumps(found.limits),
        "registered": json.dumps([each.to_json() for each in found.registered]),
        "held_back": json.dumps(found.held_back),
        "predictions": None if found.predictions is None else json.dumps(dict(found.predictions)),
        "aspects": json.dumps([each.to_json() for each in found.aspects]),
        "message": found.message,
    }


def _of_row(row: Row[Any]) -> Reproduction:
    return Reproduction(
        id=row.id,
        model=row.model,
        version=row.version,
        run_id=row.run_id,
        job_run_id=row.job_run_id,
        principal=row.principal,
        status=Status(row.status),
        started_at=row.started_at,
        ended_at=row.ended_at,
        held=tuple(Held(*each) for each in _list(row.held)),
        limits=tuple(_list(row.limits)),
        registered=tuple(Registered(**each) for each in _list(row.registered)),
        held_back=tuple(_list(row.held_back)),
        predictions=None if row.predictions is None else json.loads(row.predictions),
        aspects=tuple(Aspect.from_json(each) for each in _list(row.aspects)),
        message=row.message,
    )


def _list(text: str) -> Sequence[Any]:
    return json.loads(text)
