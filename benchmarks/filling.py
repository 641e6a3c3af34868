"""Databases with much in them, filled by rows as the verbs would leave them: what would take hours takes seconds."""

import random
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, text

from boathouse.catalog import Column, SecurableKind
from boathouse.catalog.repository import securables as repository
from boathouse.catalog.repository.schema import securables
from boathouse.catalog.securables import Securable, Table, TableType
from boathouse.foundation.ids import new_id
from boathouse.metastore import Database
from boathouse.models.repository import alias_moves, model_version_sources
from boathouse.models.stores import MlflowStores

NOW = 1_772_359_200_000
COLUMNS = 50
_VOCABULARY = (
    "flight delay carrier airport origin weather temp wind gust visibility tail engine seat month hour minute distance "
    "ticket fare passenger crew gate terminal runway taxi arrival departure schedule cancel divert route hub fleet "
    "order customer invoice payment refund product price stock supplier warehouse shipment return basket session click "
    "campaign email phone address city country region currency tax discount score label feature model version event"
)
WORDS = _VOCABULARY.split()


def add_tables(database: Database, schema: str, parent_id: str, count: int, source: random.Random) -> list[str]:
    """Tables of 50 columns below a schema; answers their names."""
    names: list[str] = []
    with database.write() as connection:
        for number in range(count):
            name = f"{schema}.{'_'.join(source.sample(WORDS, 2))}_{schema.rpartition('_')[2]}_{number}"
            table = _table(name, source)
            repository.insert(connection, table.securable, parent_id)
            repository.insert_table(connection, table)
            names.append(name)
    return names


def _table(name: str, source: random.Random) -> Table:
    columns = [Column("id", "bigint", "LONG", "{}", 0), Column("updated_at", "timestamp", "TIMESTAMP", "{}", 1)]
    for position in range(2, COLUMNS):
        title = "_".join(source.sample(WORDS, source.choice((1, 2, 2))))
        comment = " ".join(source.sample(WORDS, 4)) if position % 5 == 0 else None
        columns.append(Column(f"{title}_{position}", "double", "DOUBLE", "{}", position, comment=comment))
    comment = f"One row per {' and '.join(source.sample(WORDS, 3))}."
    tags = {"domain": source.choice(WORDS)} if source.random() < 0.3 else {}
    securable = Securable(new_id(), SecurableKind.TABLE, name, "admin", comment, tags=tags)
    return Table(securable, TableType.EXTERNAL, "DELTA", f"file:///nowhere/{securable.id}", tuple(columns))


def add_models(database: Database, names: Sequence[str], parent_id: str, versions: int) -> None:
    """Our rows of registered models: each has a champion, which is its newest version, and two tags."""
    stamp = {"created_at": NOW, "created_by": "ada", "updated_at": NOW, "updated_by": "ada"}
    things = [{"id": new_id(), "kind": SecurableKind.REGISTERED_MODEL.value, "full_name": name, "parent_id": parent_id,
               "owner": "ada", "comment": "A model.", "properties": "{}",
               "tags": '{"team": "x", "tier": "x"}', **stamp} for name in names]  # fmt: skip
    sources = [{"model": name, "version": version, "run_id": None, "location": None}
               for name in names for version in range(1, versions + 1)]  # fmt: skip
    moves = [{"model": name, "alias": "champion", "from_version": None, "to_version": versions, "principal": "ada",
              "moved_at": NOW, "reason": None, "through": "boathouse", "request_id": ""} for name in names]  # fmt: skip
    with database.write() as connection:
        for table, rows in ((securables, things), (model_version_sources, sources), (alias_moves, moves)):
            connection.execute(insert(table), rows)


def add_models_to_mlflow(stores: MlflowStores, names: Sequence[str], versions: int) -> None:
    """MLflow's rows of the same models, as its own store would write them one by one."""
    from mlflow.store.model_registry.dbmodels import models as theirs

    def tags(keys: tuple[str, ...], fields: dict[str, Any]) -> list[dict[str, Any]]:
        return [{**fields, "key": key, "value": "x"} for key in keys]

    for start in range(0, len(names), 500):
        block = names[start : start + 500]
        each = [(name, number) for name in block for number in range(1, versions + 1)]
        rows: list[tuple[Any, list[dict[str, Any]]]] = [
            (theirs.SqlRegisteredModel,
             [{"name": name, "creation_time": NOW, "last_updated_time": NOW, "description": "A model."}
              for name in block]),
            (theirs.SqlRegisteredModelTag, [tag for name in block for tag in tags(("team", "tier"), {"name": name})]),
            (theirs.SqlRegisteredModelAlias,
             [{"name": name, "alias": "champion", "version": versions} for name in block]),
            (theirs.SqlModelVersion,
             [{"name": name, "version": number, "creation_time": NOW, "last_updated_time": NOW + number,
               "current_stage": "None", "source": f"mlflow-artifacts:/1/{name}/{number}", "status": "READY"}
              for name, number in each]),
            (theirs.SqlModelVersionTag,
             [tag for name, number in each for tag in tags(("validated",), {"name": name, "version": number})]),
        ]  # fmt: skip
        with stores.registry.engine.begin() as connection:
            for model, values in rows:
                connection.execute(insert(model), values)


def add_runs(stores: MlflowStores, count: int) -> str:
    """An experiment of MLflow with runs: one through its store, the others as copies of its row. Answers its id."""
    experiment = str(stores.tracking.create_experiment("many runs"))
    model = stores.tracking.create_run(experiment, "ada", 0, [], "run").info.run_id
    told = "name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version"
    copied = (
        f"INSERT INTO runs (run_uuid, artifact_uri, experiment_id, lifecycle_stage, {told})"
        f" SELECT :id, artifact_uri, experiment_id, lifecycle_stage, {told} FROM runs WHERE run_uuid = :model"
    )
    with stores.tracking.engine.begin() as connection:
        connection.execute(text(copied), [{"id": f"{number:032x}", "model": model} for number in range(1, count)])
        connection.execute(text("INSERT INTO params (key, value, run_uuid) SELECT 'depth', '3', run_uuid FROM runs"))
    return experiment
