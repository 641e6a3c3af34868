"""What MLflow's registry holds, read by key from its tables.

MLflow's own searches sort everything before they answer a page, and its own models load each version to tell of an
alias. With many models that makes starts, aliases and lists slow, so these few questions, which only read, are asked of
its tables directly.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, func, select, text

_INDEXES = {
    "boathouse_registered_model_tags": "registered_model_tags (workspace, name)",
    "boathouse_model_version_tags": "model_version_tags (workspace, name, version)",
    "boathouse_model_versions_by_run": "model_versions (run_id)",
}
BLOCK = 500
"""Names in one question; SQLite takes some thousand parameters."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A registered model, without its versions."""

    name: str
    description: str | None
    aliases: dict[str, int] = field(default_factory=dict[str, int])
    tags: dict[str, str] = field(default_factory=dict[str, str])
    creation_timestamp: int = 0
    last_updated_timestamp: int = 0


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a registered model; its aliases are the model's."""

    version: int
    source: str
    run_id: str | None
    description: str | None
    tags: dict[str, str]
    creation_timestamp: int


def names_after(
    engine: Engine, name: str | None, limit: int, *, containing: str = "", catalog: str | None = None
) -> list[str]:
    """The names of the next models: those that come after one, prompts among them; of a catalog, or with a text in
    them, whatever its case, where these are given."""
    table: Any = _tables().SqlRegisteredModel
    query = select(table.name).where(table.workspace == _WORKSPACE)
    if name is not None:
        query = query.where(table.name > name)
    if catalog is not None:
        query = query.where(table.name.startswith(f"{catalog}.", autoescape=True))
    if containing:
        query = query.where(func.lower(table.name).contains(containing.lower(), autoescape=True))
    with engine.connect() as connection:
        return list(connection.execute(query.order_by(table.name).limit(limit)).scalars())


def models_named(engine: Engine, names: Sequence[str]) -> list[ModelRow]:
    """These models, by name; one that is not there is left out."""
    table: Any = _tables().SqlRegisteredModel
    columns = (table.name, table.description, table.creation_time, table.last_updated_time)
    aliases, tags = _aliases(engine, names), _tags(engine, names)
    found = [
        ModelRow(
            row.name,
            row.description or None,
            aliases.get(row.name, {}),
            tags.get(row.name, {}),
            row.creation_time or 0,
            row.last_updated_time or 0,
        )
        for row in _of_models(engine, columns, table, names)
    ]
    return sorted(found, key=lambda row: row.name)


def every_model(engine: Engine) -> Iterator[ModelRow]:
    """All of them, by name."""
    after: str | None = None
    while names := names_after(engine, after, BLOCK):
        yield from models_named(engine, names)
        after = names[-1]


def aliases_of(engine: Engine, model: str) -> dict[str, int]:
    """Where the aliases of a model point; empty when there is no such model."""
    return _aliases(engine, [model]).get(model, {})


def models_with_alias(engine: Engine, alias: str) -> dict[str, int]:
    """The models that have an alias, and the version at which it points."""
    table: Any = _tables().SqlRegisteredModelAlias
    query = select(table.name, table.version).where(table.workspace == _WORKSPACE, table.alias == alias)
    with engine.connect() as connection:
        return {row.name: int(row.version) for row in connection.execute(query)}


def versions_of(engine: Engine, model: str) -> list[VersionRow]:
    """The versions of a model, newest first."""
    theirs = _tables()
    table: Any = theirs.SqlModelVersion
    columns = (table.version, table.source, table.run_id, table.description, table.creation_time)
    query = select(*columns).where(table.workspace == _WORKSPACE, table.name == model, table.current_stage != _DELETED)
    tags = _tags_of_versions(engine, model)
    with engine.connect() as connection:
        return [
            VersionRow(
                int(row.version),
                row.source or "",
                row.run_id or None,
                row.description or None,
                tags.get(row.version, {}),
                row.creation_time or 0,
            )
            for row in connection.execute(query.order_by(table.version.desc()))
        ]


def every_version(engine: Engine) -> set[tuple[str, int]]:
    """Model and number of each version that is there."""
    table: Any = _tables().SqlModelVersion
    query = select(table.name, table.version).where(table.workspace == _WORKSPACE, table.current_stage != _DELETED)
    with engine.connect() as connection:
        return {(row.name, int(row.version)) for row in connection.execute(query)}


def add_indexes(engine: Engine) -> None:
    """Let MLflow find tags by what they are of, and versions by their run: its keys begin otherwise."""
    with engine.begin() as connection:
        for name, columns in _INDEXES.items():
            connection.execute(text(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}"))


def _aliases(engine: Engine, names: Sequence[str]) -> dict[str, dict[str, int]]:
    table: Any = _tables().SqlRegisteredModelAlias
    found: dict[str, dict[str, int]] = {}
    columns = (table.name, table.alias, table.version)
    for row in _of_models(engine, columns, table, names):
        found.setdefault(row.name, {})[row.alias] = int(row.version)
    return found


def _tags(engine: Engine, names: Sequence[str]) -> dict[str, dict[str, str]]:
    table: Any = _tables().SqlRegisteredModelTag
    found: dict[str, dict[str, str]] = {}
    for row in _of_models(engine, (table.name, table.key, table.value), table, names):
        found.setdefault(row.name, {})[row.key] = row.value
    return found


def _tags_of_versions(engine: Engine, model: str) -> dict[int, dict[str, str]]:
    table: Any = _tables().SqlModelVersionTag
    query = select(table.version, table.key, table.value).where(table.workspace == _WORKSPACE, table.name == model)
    found: dict[int, dict[str, str]] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            found.setdefault(row.version, {})[row.key] = row.value
    return found


def _of_models(engine: Engine, columns: Sequence[Any], table: Any, names: Sequence[str]) -> Iterable[Any]:
    for start in range(0, len(names), BLOCK):
        block = names[start : start + BLOCK]
        query = select(*columns).where(table.workspace == _WORKSPACE, table.name.in_(block))
        with engine.connect() as connection:
            yield from connection.execute(query).all()


def _tables() -> Any:
    from mlflow.store.model_registry.dbmodels import models

    return models


_WORKSPACE = "default"
"""A Boathouse has one workspace of MLflow's."""
_DELETED = "Deleted_Internal"
"""The stage under which MLflow keeps the rows of versions that are gone."""
