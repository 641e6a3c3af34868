"""Whose archives are taken, what came in by archives, and what was retired into them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from boathouse.metastore import Database, metadata
from boathouse.models.archives.nouns import Signer

trusted_signers = Table(
    "trusted_signers",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("public_key", String(64), nullable=False),
    Column("name", String(255), nullable=False, unique=True),
    Column("added_by", String(255), nullable=False),
    Column("added_at", BigInteger, nullable=False),
)
model_imports = Table(
    "model_imports",
    metadata,
    Column("import_id", String(36), primary_key=True),
    Column("model", Text, nullable=False),
    Column("version", Integer),
    Column("origin_model", Text, nullable=False),
    Column("origin_version", Integer, nullable=False),
    Column("signer", String(64), nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("principal", String(255), nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("made", Text, nullable=False),
    Column("told", Text, nullable=False),
    Index("ix_model_imports_model_version", "model", "version"),
)


@dataclass(frozen=True, slots=True)
class Import:
    """A version that came in by an archive, and what the archive says of it: of its own server, not of this one."""

    import_id: str
    model: str
    origin_model: str
    origin_version: int
    signer: str
    """The fingerprint."""
    manifest_sha256: str
    principal: str
    begun_at: int
    ended_at: int | None = None
    """None while it is going on, or was cut short."""
    version: int | None = None
    made: Mapping[str, str] = field(default_factory=dict[str, str])
    """What was made on the way, to be taken away again if it is cut short."""
    told: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Evidence, requirements, approvals, history and data references as they were there."""


# --- signers


def add_signer(connection: Connection, signer: Signer) -> None:
    connection.execute(
        insert(trusted_signers).values(
            fingerprint=signer.fingerprint,
            public_key=signer.public_key.hex(),
            name=signer.name,
            added_by=signer.added_by,
            added_at=signer.added_at,
        )
    )


def remove_signer(connection: Connection, fingerprint: str) -> None:
    connection.execute(delete(trusted_signers).where(trusted_signers.c.fingerprint == fingerprint))


def signers(database: Database) -> list[Signer]:
    with database.read() as connection:
        rows = connection.execute(select(trusted_signers).order_by(trusted_signers.c.name)).all()
    return [Signer(r.fingerprint, bytes.fromhex(r.public_key), r.name, r.added_by, r.added_at) for r in rows]


# --- imports


def begin_import(connection: Connection, begun: Import) -> None:
    connection.execute(
        insert(model_imports).values(
            import_id=begun.import_id,
            model=begun.model,
            origin_model=begun.origin_model,
            origin_version=begun.origin_version,
            signer=begun.signer,
            manifest_sha256=begun.manifest_sha256,
            principal=begun.principal,
            begun_at=begun.begun_at,
            made="{}",
            told=json.dumps(begun.told),
        )
    )


def note_made(connection: Connection, import_id: str, made: Mapping[str, str]) -> None:
    mine = model_imports.c.import_id == import_id
    connection.execute(update(model_imports).where(mine).values(made=json.dumps(made)))


def end_import(connection: Connection, import_id: str, version: int, now: int) -> None:
    mine = model_imports.c.import_id == import_id
    connection.execute(update(model_imports).where(mine).values(version=version, ended_at=now))


def drop_import(connection: Connection, import_id: str) -> None:
    connection.execute(delete(model_imports).where(model_imports.c.import_id == import_id))


def imports(database: Database, model: str | None = None, version: int | None = None) -> Sequence[Import]:
    """Newest first; those that were cut short too."""
    query = select(model_imports).order_by(model_imports.c.begun_at.desc())
    if model is not None:
        query = query.where(model_imports.c.model == model)
    if version is not None:
        query = query.where(model_imports.c.version == version)
    with database.read() as connection:
        return [_import(row) for row in connection.execute(query)]


def rename(connection: Connection, name: str, new_name: str) -> None:
    connection.execute(update(model_imports).where(model_imports.c.model == name).values(model=new_name))


def _import(row: Any) -> Import:
    return Import(
        row.import_id,
        row.model,
        row.origin_model,
        row.origin_version,
        row.signer,
        row.manifest_sha256,
        row.principal,
        row.begun_at,
        row.ended_at,
        row.version,
        json.loads(row.made),
        json.loads(row.told),
    )


class ImportFollower:
    """Keeps these rows with a model that is renamed; what came in with a version that is gone is history."""

    def renamed(self, connection: Connection, name: str, new_name: str) -> None:
        rename(connection, name, new_name)

    def version_gone(self, connection: Connection, name: str, version: int) -> None:
        pass

    def model_gone(self, connection: Connection, name: str) -> None:
        pass
