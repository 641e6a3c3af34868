"""The table of requirements: one row per revision, closed when the next one comes."""

import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    Select,
    Table,
    Text,
    func,
    insert,
    or_,
    select,
    update,
)

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.shapes import fit
from boathouse.metastore import Database, metadata
from boathouse.models.requirements.nouns import Revision, Source
from boathouse.models.requirements.requirements import Requirements

model_requirements = Table(
    "model_requirements",
    metadata,
    Column("model", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("card_text", Text),
    Column("source", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger),
    Column("ended_by", Text),
)
_HOLDS = model_requirements.c.valid_to.is_(None)
# Whatever two who speak at once may do, one revision holds.
Index(
    "uq_model_requirements_holds", model_requirements.c.model, unique=True, postgresql_where=_HOLDS, sqlite_where=_HOLDS
)


class RequirementsRepository:
    """Reads and writes that table; its rows follow their model's name."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def deployed(self, model: str) -> Revision | None:
        """The revision that holds now."""
        with self._database.read() as connection:
            return deployed(connection, model)

    def at(self, model: str, instant: int) -> Revision | None:
        """The revision that held at an instant; one that was replaced at that very instant did not any more."""
        held = or_(_HOLDS, model_requirements.c.valid_to > instant)
        with self._database.read() as connection:
            return _first(connection, _of(model).where(model_requirements.c.valid_from <= instant, held))

    def revision(self, model: str, number: int) -> Revision | None:
        with self._database.read() as connection:
            return _first(connection, _of(model).where(model_requirements.c.revision == number))

    def history(self, model: str, limit: int) -> list[Revision]:
        """Newest first."""
        with self._database.read() as connection:
            return [_revision(row) for row in connection.execute(_of(model).limit(limit))]

    def every_deployed(self) -> list[Revision]:
        """What holds now, of all models."""
        with self._database.read() as connection:
            rows = connection.execute(select(model_requirements).where(_HOLDS).order_by(model_requirements.c.model))
            return [_revision(row) for row in rows]

    def production_aliases(self) -> dict[str, str]:
        """Models whose production stage has an alias that they have named; few do, so only their documents are read."""
        columns = (model_requirements.c.model, model_requirements.c.document)
        naming = model_requirements.c.document.contains('"production":')
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).where(_HOLDS, naming)).all()
        stages = {row.model: json.loads(row.document).get("stages", {}) for row in rows}
        return {model: named["production"] for model, named in stages.items() if "production" in named}

    # --- following a model

    def renamed(self, connection: Connection, name: str, new_name: str) -> None:
        """The revisions go by the new name, counted on from what a model of that name had before."""
        alone_with(connection, name)
        taken = _last_number(connection, new_name)
        values = {"model": new_name, "revision": model_requirements.c.revision + taken}
        connection.execute(update(model_requirements).where(model_requirements.c.model == name).values(**values))

    def version_gone(self, connection: Connection, name: str, version: int) -> None:
        """Requirements are of the model, not of a version."""

    def model_gone(self, connection: Connection, name: str) -> None:
        alone_with(connection, name)
        end(connection, name, epoch_ms(self._clock.now()), None)


def alone_with(connection: Connection, model: str) -> None:
    """Let nobody else change the revisions of a model until the transaction ends; SQLite lets one write at a time
    anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"model_requirements {model}"))))


def deployed(connection: Connection, model: str) -> Revision | None:
    """The revision that holds, as somebody's transaction sees it."""
    return _first(connection, _of(model).where(_HOLDS))


def add(
    connection: Connection,
    model: str,
    requirements: Requirements,
    card_text: str | None,
    source: Source,
    principal: str,
    now: int,
) -> Revision:
    """Close the revision that holds, and add the next one."""
    end(connection, model, now, principal)
    made = Revision(
        model, _last_number(connection, model) + 1, requirements, principal, now, None, card_text, source, None
    )
    connection.execute(
        insert(model_requirements).values(
            model=model,
            revision=made.revision,
            document=json.dumps(document_of(requirements), ensure_ascii=False),
            card_text=card_text,
            source=json.dumps(source.to_json()),
            principal=principal,
            valid_from=now,
        )
    )
    return made


def end(connection: Connection, model: str, now: int, ended_by: str | None) -> None:
    """Close the revision that holds, if one does."""
    connection.execute(
        update(model_requirements)
        .where(model_requirements.c.model == model, _HOLDS)
        .values(valid_to=now, ended_by=ended_by)
    )


def document_of(requirements: Requirements) -> dict[str, Any]:
    """Requirements as they are stored, compared and shown: what was said, without defaults."""
    return requirements.model_dump(mode="json", exclude_defaults=True)


def _last_number(connection: Connection, model: str) -> int:
    last = select(model_requirements.c.revision).where(model_requirements.c.model == model)
    return connection.execute(last.order_by(model_requirements.c.revision.desc()).limit(1)).scalar() or 0


def _of(model: str) -> Select[Any]:
    found = select(model_requirements).where(model_requirements.c.model == model)
    return found.order_by(model_requirements.c.revision.desc())


def _first(connection: Connection, query: Select[Any]) -> Revision | None:
    row = connection.execute(query.limit(1)).first()
    return _revision(row) if row is not None else None


def _revision(row: Row[Any]) -> Revision:
    return Revision(
        model=row.model,
        revision=row.revision,
        requirements=fit(Requirements, json.loads(row.document), what=f"Revision {row.revision} of {row.model}"),
        principal=row.principal,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        card_text=row.card_text,
        source=Source(**json.loads(row.source)),
        ended_by=row.ended_by,
    )
