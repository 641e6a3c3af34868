"""The room's own tables: intents, the history of aliases, what runs of tasks have read, where versions lie."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Row,
    Table,
    Text,
    delete,
    event,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from boathouse.catalog.events import repository as events
from boathouse.metastore import COUNTER, Database, metadata
from boathouse.models.nouns import AliasDecision, AliasMove, DecisionKind, Intent, IntentKind, RunInput
from boathouse.models.telling import carried_out, moved

model_intents = Table(
    "model_intents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
alias_moves = Table(
    "alias_moves",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    Column("model", Text, nullable=False),
    Column("alias", Text, nullable=False),
    Column("from_version", Integer),
    Column("to_version", Integer),
    Column("principal", Text, nullable=False),
    Column("moved_at", BigInteger, nullable=False),
    Column("reason", Text),
    Column("through", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("decision_id", Text),
    Index(None, "model", "alias"),
)
alias_decisions = Table(
    "alias_decisions",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("alias", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Index(None, "model", "version"),
)
task_experiment_runs = Table(
    "task_experiment_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("experiment_id", Text, nullable=False),
    Column("task_run_id", BigInteger, nullable=False),
    Column("principal", Text, nullable=False),
    Column("ended_at", BigInteger),
    Index(None, "task_run_id"),
)
run_inputs = Table(
    "run_inputs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("table_id", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("table_name", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("is_logged", Integer, nullable=False),
)
model_version_sources = Table(
    "model_version_sources",
    metadata,
    Column("model", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("run_id", Text),
    Column("location", Text),
    Index(None, "location"),
)


def tune_sqlite(engine: Engine) -> None:
    """Let MLflow's connections to SQLite write as ours do: in WAL mode, NORMAL loses no commit when a process dies,
    only (at worst) the last ones when the machine loses power. MLflow leaves SQLite's default, a disk flush per commit.
    """

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.execute("PRAGMA synchronous=NORMAL").close()

    engine.dispose()  # connections made before do not know yet


class ModelFollower(Protocol):
    """Rows elsewhere that go by a model's name: they follow it, in the transaction in which it changes."""

    def renamed(self, connection: Connection, name: str, new_name: str) -> None: ...

    def version_gone(self, connection: Connection, name: str, version: int) -> None: ...

    def model_gone(self, connection: Connection, name: str) -> None: ...


class ModelRepository:
    """Reads and writes those tables."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followers: list[ModelFollower] = []

    def follow(self, follower: ModelFollower) -> None:
        """Tell somebody when a model is renamed, and when it or a version of it is gone."""
        self._followers.append(follower)

    # --- intents

    def open_intent(self, intent: Intent) -> None:
        with self._database.write() as connection:
            connection.execute(
                insert(model_intents).values(
                    id=intent.id,
                    kind=intent.kind.value,
                    subject=intent.subject,
                    principal=intent.principal,
                    details=json.dumps(intent.details),
                    created_at=intent.created_at,
                )
            )

    def close_intent(self, intent_id: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(model_intents).where(model_intents.c.id == intent_id))

    def open_intents(self) -> list[Intent]:
        with self._database.read() as connection:
            rows = connection.execute(select(model_intents).order_by(model_intents.c.created_at)).all()
        return [
            Intent(r.id, IntentKind(r.kind), r.subject, r.principal, json.loads(r.details), r.created_at) for r in rows
        ]

    # --- aliases

    def record_moves(self, moves: Iterable[AliasMove], decisions: Iterable[AliasDecision] = ()) -> None:
        """Write moves down with what was decided, and tell of both."""
        found, decided = list(moves), list(decisions)
        values = [{name: getattr(move, name) for name in AliasMove.__slots__} for move in found]
        if values:
            with self._database.write() as connection:
                connection.execute(insert(alias_moves), values)
                if decided:
                    connection.execute(insert(alias_decisions), [_decision_values(each) for each in decided])
                for move in found:
                    told = [moved(move), *(carried_out(each, move) for each in decided if _led_to(each, move))]
                    events.write(connection, told, move.moved_at)

    def decision(self, decision_id: str) -> AliasDecision | None:
        """What was decided before a move."""
        query = select(alias_decisions).where(alias_decisions.c.decision_id == decision_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        values: dict[str, Any] = {name: getattr(row, name) for name in AliasDecision.__slots__}
        values["kind"], values["document"] = DecisionKind(row.kind), json.loads(row.document)
        return AliasDecision(**values)

    def move_at(self, model: str, alias: str, instant: int) -> tuple[AliasMove | None, AliasMove | None]:
        """The last move of an alias up to an instant, and the first one after it."""
        table = alias_moves
        mine = select(table).where(table.c.model == model, table.c.alias == alias)
        before = mine.where(table.c.moved_at <= instant).order_by(table.c.id.desc()).limit(1)
        after = mine.where(table.c.moved_at > instant).order_by(table.c.id).limit(1)
        with self._database.read() as connection:
            rows = [connection.execute(query).first() for query in (before, after)]
        first, second = (None if row is None else _as_move(row) for row in rows)
        return first, second

    def moves_to(self, model: str, version: int, limit: int = 100) -> list[AliasMove]:
        """How aliases came to a version, newest first."""
        table = alias_moves
        query = select(table).where(table.c.model == model, table.c.to_version == version)
        with self._database.read() as connection:
            return [_as_move(row) for row in connection.execute(query.order_by(table.c.id.desc()).limit(limit))]

    def moves(self, model: str, alias: str | None = None, limit: int = 1000) -> list[AliasMove]:
        """Newest first."""
        query = select(alias_moves).where(alias_moves.c.model == model)
        if alias is not None:
            query = query.where(alias_moves.c.alias == alias)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(alias_moves.c.id.desc()).limit(limit)).all()
        return [_as_move(row) for row in rows]

    def recorded_aliases(self, model: str | None = None) -> dict[tuple[str, str], int | None]:
        """Where each alias, or each of one model, pointed after its last recorded move."""
        last = select(func.max(alias_moves.c.id)).group_by(alias_moves.c.model, alias_moves.c.alias)
        if model is not None:
            last = last.where(alias_moves.c.model == model)
        columns = (alias_moves.c.model, alias_moves.c.alias, alias_moves.c.to_version)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).where(alias_moves.c.id.in_(last))).all()
        return {(row.model, row.alias): row.to_version for row in rows}

    # --- runs that were started inside a task

    def add_run(self, run_id: str, experiment_id: str, task_run_id: int, principal: str) -> None:
        values = {
            "run_id": run_id,
            "experiment_id": experiment_id,
            "task_run_id": task_run_id,
            "principal": principal,
        }
        with self._database.write() as connection:
            connection.execute(insert(task_experiment_runs).values(**values))

    def end_run(self, run_id: str, ended_at: int) -> None:
        runs = task_experiment_runs
        with self._database.write() as connection:
            connection.execute(
                update(runs).where(runs.c.run_id == run_id, runs.c.ended_at.is_(None)).values(ended_at=ended_at)
            )

    def active_runs(self, task_run_id: int) -> list[str]:
        runs = task_experiment_runs
        query = select(runs.c.run_id).where(runs.c.task_run_id == task_run_id, runs.c.ended_at.is_(None))
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def task_of_run(self, run_id: str) -> int | None:
        """The task that has started a run; None of a run from elsewhere."""
        runs = task_experiment_runs
        with self._database.read() as connection:
            return connection.execute(select(runs.c.task_run_id).where(runs.c.run_id == run_id)).scalar()

    def runs_of_tasks(self, task_run_ids: Iterable[int]) -> list[str]:
        runs = task_experiment_runs
        query = select(runs.c.run_id).where(runs.c.task_run_id.in_(list(task_run_ids)))
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def forget_run(self, run_id: str) -> None:
        """Forget what a run has read, and whose it was: it is gone for good."""
        with self._database.write() as connection:
            for table in (run_inputs, task_experiment_runs):
                connection.execute(delete(table).where(table.c.run_id == run_id))

    def add_inputs(self, inputs: Iterable[RunInput]) -> list[RunInput]:
        """Remember inputs; answers those that are new."""
        new: list[RunInput] = []
        with self._database.write() as connection:
            for item in inputs:
                if _insert_once(connection, run_inputs, {**_fields(item), "is_logged": 0}):
                    new.append(item)
        return new

    def mark_logged(self, inputs: Iterable[RunInput]) -> None:
        with self._database.write() as connection:
            for item in inputs:
                where = (
                    run_inputs.c.run_id == item.run_id,
                    run_inputs.c.table_id == item.table_id,
                    run_inputs.c.version == item.version,
                )
                connection.execute(update(run_inputs).where(*where).values(is_logged=1))

    def inputs_of(self, run_id: str) -> list[RunInput]:
        return self._inputs(run_inputs.c.run_id == run_id)

    def unlogged_inputs(self) -> list[RunInput]:
        return self._inputs(run_inputs.c.is_logged == 0)

    def _inputs(self, condition: ColumnElement[bool]) -> list[RunInput]:
        with self._database.read() as connection:
            rows = connection.execute(select(run_inputs).where(condition)).all()
        return [RunInput(r.run_id, r.table_id, r.table_name, r.version, r.location) for r in rows]

    # --- where model versions lie

    def add_source(
        self,
        model: str,
        version: int,
        run_id: str | None,
        location: str | None,
        *,
        also: Callable[[Connection], None] = lambda _: None,
    ) -> bool:
        """Remember a version, and what belongs to that in the same transaction; False when it was known."""
        values = {"model": model, "version": version, "run_id": run_id, "location": location}
        with self._database.write() as connection:
            is_new = _insert_once(connection, model_version_sources, values)
            if is_new:
                also(connection)
            return is_new

    def drop_source(self, model: str, version: int) -> None:
        sources = model_version_sources
        with self._database.write() as connection:
            connection.execute(delete(sources).where(sources.c.model == model, sources.c.version == version))
            for follower in self._followers:
                follower.version_gone(connection, model, version)

    def drop_model(self, model: str) -> None:
        """The model is gone; its versions have been dropped before."""
        with self._database.write() as connection:
            for follower in self._followers:
                follower.model_gone(connection, model)

    def versions_of(self, model: str) -> list[int]:
        sources = model_version_sources
        with self._database.read() as connection:
            return list(connection.execute(select(sources.c.version).where(sources.c.model == model)).scalars())

    def has_version(self, model: str, version: int) -> bool:
        sources = model_version_sources
        query = select(sources.c.version).where(sources.c.model == model, sources.c.version == version)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def newest_version(self, model: str) -> int | None:
        sources = model_version_sources
        query = select(func.max(sources.c.version)).where(sources.c.model == model)
        with self._database.read() as connection:
            return connection.execute(query).scalar()

    def run_of_version(self, model: str, version: int) -> str | None:
        """The run that a version was made from, where it was made from one that we know."""
        sources = model_version_sources
        with self._database.read() as connection:
            wanted = select(sources.c.run_id).where(sources.c.model == model, sources.c.version == version)
            return connection.execute(wanted).scalar()

    def all_versions(self) -> set[tuple[str, int]]:
        sources = model_version_sources
        with self._database.read() as connection:
            return {(row.model, row.version) for row in connection.execute(select(sources.c.model, sources.c.version))}

    def runs_of_versions(self) -> set[str]:
        """The runs that versions were made from."""
        sources = model_version_sources
        with self._database.read() as connection:
            return {str(each) for each in connection.execute(select(sources.c.run_id).distinct()).scalars() if each}

    def locations_of_versions(self) -> set[str]:
        sources = model_version_sources
        with self._database.read() as connection:
            return {str(each) for each in connection.execute(select(sources.c.location).distinct()).scalars() if each}

    def is_of_version(self, *, run_id: str | None = None, location: str | None = None) -> bool:
        """Whether a version was made from a run, or lies at a place or within it."""
        sources = model_version_sources
        which = sources.c.run_id == run_id
        if location is not None:
            inside = sources.c.location.startswith(f"{location}/", autoescape=True)
            which = or_(sources.c.location == location, inside)
        with self._database.read() as connection:
            return connection.execute(select(sources.c.version).where(which).limit(1)).first() is not None

    def models_at(self, locations: Iterable[str]) -> set[str]:
        """The models that have a version at one of these places."""
        sources = model_version_sources
        query = select(sources.c.model).where(sources.c.location.in_(list(locations))).distinct()
        with self._database.read() as connection:
            return set(connection.execute(query).scalars())

    def versions_at(self, locations: Iterable[str]) -> set[tuple[str, int]]:
        """The versions of models that lie at one of these places."""
        sources = model_version_sources
        query = select(sources.c.model, sources.c.version).where(sources.c.location.in_(list(locations)))
        with self._database.read() as connection:
            return {(row.model, row.version) for row in connection.execute(query)}

    def rename_model(self, name: str, new_name: str) -> None:
        with self._database.write() as connection:
            for table in (alias_moves, alias_decisions, model_version_sources):
                connection.execute(update(table).where(table.c.model == name).values(model=new_name))
            for follower in self._followers:
                follower.renamed(connection, name, new_name)


def _as_move(row: Row[Any]) -> AliasMove:
    return AliasMove(**{name: getattr(row, name) for name in AliasMove.__slots__})


def _decision_values(decision: AliasDecision) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(decision, name) for name in AliasDecision.__slots__}
    return values | {"kind": decision.kind.value, "document": json.dumps(decision.document, ensure_ascii=False)}


def _led_to(decision: AliasDecision, move: AliasMove) -> bool:
    return decision.decision_id == move.decision_id


def _fields(item: RunInput) -> dict[str, object]:
    return {name: getattr(item, name) for name in RunInput.__slots__}


def _insert_once(connection: Connection, table: Table, values: Mapping[str, object]) -> bool:
    """Insert unless the primary key is taken."""
    if connection.dialect.name == "sqlite":
        return connection.execute(sqlite_insert(table).values(**values).on_conflict_do_nothing()).rowcount > 0
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(**values))
    except IntegrityError:
        return False
    return True
