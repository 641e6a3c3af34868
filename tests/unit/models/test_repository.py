"""The room's tables on a real SQLite file."""

from pathlib import Path

import pytest
from sqlalchemy import inspect
from tests.migrated_database import migrated_sqlite

from boathouse.foundation.clock import SystemClock
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database, DatabaseUrl, metadata
from boathouse.models.intents import Intents
from boathouse.models.nouns import AliasMove, IntentKind, RunInput
from boathouse.models.repository import ModelRepository, alias_moves, model_intents, run_inputs

TABLES = ("model_intents", "alias_moves", "task_experiment_runs", "run_inputs", "model_version_sources")


@pytest.fixture
def database(tmp_path: Path):
    database = Database(migrated_sqlite(tmp_path / "boathouse.db"))
    yield database
    database.dispose()


@pytest.fixture
def repository(database: Database) -> ModelRepository:
    return ModelRepository(database)


def test_the_migration_makes_the_tables_that_the_code_uses(database: Database, tmp_path: Path) -> None:
    defined = Database(DatabaseUrl.sqlite(tmp_path / "defined.db"))
    metadata.create_all(defined.engine)

    def shape(of: Database) -> dict[str, object]:
        look = inspect(of.engine)
        return {
            table: (
                [(column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(table)],
                look.get_pk_constraint(table)["constrained_columns"],
                sorted(str(index["name"]) for index in look.get_indexes(table)),
            )
            for table in TABLES
        }

    assert shape(database) == shape(defined)
    defined.dispose()


def test_an_input_is_new_once(repository: ModelRepository) -> None:
    item = RunInput("r", "t", "dev.lab.t", 3, "file:///t")

    assert repository.add_inputs([item]) == [item]
    assert repository.add_inputs([item]) == []
    assert repository.unlogged_inputs() == [item]
    repository.mark_logged([item])
    assert repository.unlogged_inputs() == []
    assert repository.inputs_of("r") == [item]


def test_the_last_move_says_where_an_alias_points(repository: ModelRepository) -> None:
    repository.record_moves([AliasMove("m", "a", None, 1, "ada", 1), AliasMove("m", "a", 1, 2, "bo", 2)])
    repository.record_moves([AliasMove("m", "b", None, 1, "ada", 3), AliasMove("m", "b", 1, None, "ada", 4)])

    assert repository.recorded_aliases() == {("m", "a"): 2, ("m", "b"): None}
    assert [move.to_version for move in repository.moves("m", "a")] == [2, 1]


def test_an_intent_is_gone_when_nothing_happened_or_all_is_done(repository: ModelRepository) -> None:
    intents, ada = Intents(repository, SystemClock()), Principal("ada")

    def refuse() -> str:
        raise NotFound("MLflow said no.")

    intents.carry_out(IntentKind.CREATE_MODEL, "m", ada, act=lambda: "made", follow=lambda _: None)
    with pytest.raises(NotFound):
        intents.carry_out(IntentKind.CREATE_MODEL, "m", ada, act=refuse, follow=lambda _: None)

    assert repository.open_intents() == []


def test_an_intent_stays_when_our_half_is_missing(repository: ModelRepository) -> None:
    def fail(_: str) -> None:
        raise NotFound("no schema")

    with pytest.raises(NotFound):
        Intents(repository, SystemClock()).carry_out(
            IntentKind.CREATE_MODEL, "m", Principal("ada"), act=lambda: "made", follow=fail
        )

    assert [(each.kind, each.subject, each.principal) for each in repository.open_intents()] == [
        (IntentKind.CREATE_MODEL, "m", "ada")
    ]


def test_the_tables_have_plain_names() -> None:
    assert {model_intents.name, alias_moves.name, run_inputs.name} <= set(TABLES)
