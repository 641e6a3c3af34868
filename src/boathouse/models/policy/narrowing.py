"""MLflow's own searches over fewer rows: those of the things that a principal may see.

MLflow knows of no grants: its pages would hold what the caller may not see, and who may see one thing in a thousand
would have it page through all. While a search is narrowed, the statement by which MLflow looks for the things gets one
more condition, so that filter, order, page size and page token stay MLflow's and mean what the caller may see.
SQLAlchemy has an event for this; everything else that MLflow asks its database is left as it is.
"""

import json
from collections.abc import Collection, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from sqlalchemy import JSON, Integer, Select, bindparam, cast, func, select


class Searched(Enum):
    """What a search of MLflow's looks for."""

    EXPERIMENTS = "SqlExperiment"
    MODELS = "SqlRegisteredModel"
    VERSIONS = "SqlModelVersion"


@dataclass(frozen=True, slots=True)
class _Narrowed:
    entity: type[Any]
    names: str
    """As a JSON list: one value for the database, however many there are."""


_narrowed: ContextVar[_Narrowed | None] = ContextVar("narrowed_search", default=None)


@contextmanager
def narrowed(searched: Searched, names: Collection[str]) -> Generator[None]:
    """What MLflow looks for in this block, in this thread, is among the names (of experiments: the ids)."""
    _listen()
    token = _narrowed.set(_Narrowed(_entity(searched), json.dumps(list(names))))
    try:
        yield
    finally:
        _narrowed.reset(token)


@cache
def _listen() -> None:
    from sqlalchemy import event
    from sqlalchemy.orm import Session

    event.listen(Session, "do_orm_execute", _narrow)


def _narrow(state: Any) -> None:
    wanted = _narrowed.get()
    if wanted is None or not state.is_select or state.is_relationship_load or state.is_column_load:
        return
    statement: Select[Any] = state.statement
    if [each["entity"] for each in statement.column_descriptions] == [wanted.entity]:
        state.statement = statement.where(_is_among(wanted, state.session.get_bind().dialect.name))


def _is_among(wanted: _Narrowed, dialect: str) -> Any:
    given = bindparam("narrowed_names", wanted.names, unique=True)
    if dialect == "postgresql":
        value: Any = func.json_array_elements_text(cast(given, JSON)).column_valued("narrowed")
    else:
        value = func.json_each(given).table_valued("value").c.value
    if wanted.entity.__name__ == Searched.EXPERIMENTS.value:
        return wanted.entity.experiment_id.in_(select(cast(value, Integer)))
    return wanted.entity.name.in_(select(value))


@cache
def _entity(searched: Searched) -> type[Any]:
    from mlflow.store.model_registry.dbmodels import models as registry
    from mlflow.store.tracking.dbmodels import models as tracking

    return getattr(tracking if searched is Searched.EXPERIMENTS else registry, searched.value)
