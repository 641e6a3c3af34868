"""The tables of this room: the deployment job of each model, and what was started for each version."""

from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text, delete, exists, select, update

from boathouse.metastore import Database, metadata
from boathouse.metastore.upserting import insert_into, insert_missing
from boathouse.models.deployment.nouns import DeploymentStart, JobOfModel, StartState
from boathouse.models.requirements.repository import model_requirements

deployment_jobs = Table(
    "deployment_jobs",
    metadata,
    Column("model", Text, primary_key=True),
    Column("named", Text),
    Column("named_by", Text),
    Column("built_in", BigInteger),
)
deployment_starts = Table(
    "deployment_starts",
    metadata,
    Column("model", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("token", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("job_id", BigInteger),
    Column("run_id", BigInteger),
    Column("problem", Text),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Index("ix_deployment_starts_waiting", "state", "next_at"),
)


class DeploymentRepository:
    """Reads and writes those tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- starts

    def add(self, connection: Connection, start: DeploymentStart) -> None:
        """Write a start down, within the transaction of the version."""
        insert_missing(connection, deployment_starts, [_columns(start)])

    def put(self, start: DeploymentStart) -> None:
        """Keep what became of a start."""
        with self._database.write() as connection:
            new = insert_into(connection, deployment_starts).values(_columns(start))
            changed = {name: value for name, value in _columns(start).items() if name not in ("model", "version")}
            connection.execute(new.on_conflict_do_update(index_elements=["model", "version"], set_=changed))

    def settle(self, start: DeploymentStart, was: StartState = StartState.WAITING) -> bool:
        """Keep what became of a start, unless somebody else has settled it meanwhile, or its version is gone."""
        table = deployment_starts
        mine = (table.c.model == start.model, table.c.version == start.version, table.c.token == start.token)
        with self._database.write() as connection:
            done = connection.execute(update(table).where(*mine, table.c.state == was.value).values(_columns(start)))
            return done.rowcount > 0

    def waiting(self, now: int, limit: int = 100) -> list[DeploymentStart]:
        """What is to be started now, oldest first."""
        table = deployment_starts
        query = select(table).where(table.c.state == StartState.WAITING.value, table.c.next_at <= now)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.c.created_at).limit(limit)).mappings()
            return [_start(dict(row)) for row in rows]

    def starts(self, model: str, version: int | None = None) -> list[DeploymentStart]:
        """Those of a model, or of one version, newest version first."""
        table = deployment_starts
        query = select(table).where(table.c.model == model)
        if version is not None:
            query = query.where(table.c.version == version)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.c.version.desc())).mappings()
            return [_start(dict(row)) for row in rows]

    # --- the job of a model

    def job_of(self, model: str) -> JobOfModel:
        table = deployment_jobs
        with self._database.read() as connection:
            row = connection.execute(select(table).where(table.c.model == model)).mappings().first()
        return JobOfModel(**row) if row else JobOfModel(model)

    def jobs_of(self, models: list[str]) -> dict[str, JobOfModel]:
        """Those of the models that have one."""
        table = deployment_jobs
        with self._database.read() as connection:
            rows = connection.execute(select(table).where(table.c.model.in_(models))).mappings()
            return {row["model"]: JobOfModel(**row) for row in rows}

    def orphans(self) -> list[JobOfModel]:
        """Models that have a built-in job and no requirements any more."""
        table, held = deployment_jobs, model_requirements
        holds = exists().where(held.c.model == table.c.model, held.c.valid_to.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(select(table).where(table.c.built_in.is_not(None), ~holds)).mappings()
            return [JobOfModel(**row) for row in rows]

    def change_job(self, model: str, **changes: Any) -> None:
        """Set ``named`` and ``named_by``, or ``built_in``."""
        with self._database.write() as connection:
            new = insert_into(connection, deployment_jobs).values({"model": model, **changes})
            connection.execute(new.on_conflict_do_update(index_elements=["model"], set_=changes))


class DeploymentFollower:
    """Lets the rows follow a model that is renamed, and go with one that is gone."""

    def renamed(self, connection: Connection, name: str, new_name: str) -> None:
        # What a deleted model of that name has left would be in the way.
        connection.execute(delete(deployment_jobs).where(deployment_jobs.c.model == new_name))
        for table in (deployment_jobs, deployment_starts):
            connection.execute(update(table).where(table.c.model == name).values(model=new_name))

    def version_gone(self, connection: Connection, name: str, version: int) -> None:
        table = deployment_starts
        connection.execute(delete(table).where(table.c.model == name, table.c.version == version))

    def model_gone(self, connection: Connection, name: str) -> None:
        # The row stays while there is a built-in job to be taken away.
        table = deployment_jobs
        connection.execute(update(table).where(table.c.model == name).values(named=None, named_by=None))


def _columns(start: DeploymentStart) -> dict[str, Any]:
    return {name: getattr(start, name) for name in DeploymentStart.__slots__} | {"state": start.state.value}


def _start(row: dict[str, Any]) -> DeploymentStart:
    row["state"] = StartState(row["state"])
    return DeploymentStart(**row)
