"""The rows of job definitions."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select, update

from boathouse.jobs.records import Job
from boathouse.jobs.rows import (
    job_columns,
    job_of,
    next_ids,
)
from boathouse.jobs.schema import jobs
from boathouse.jobs.starting.following import follow, forget
from boathouse.jobs.telling import moments
from boathouse.metastore import Database


class JobRepository:
    """Job definitions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, job: Job, *, is_registered: bool) -> int:
        """Keep a new job; its id is given here and never given again."""
        with self._database.write() as connection:
            job_id = next_ids(connection, "job", 1)
            values = {**job_columns(job), "job_id": job_id, "is_registered": is_registered, "runs_started": 0}
            connection.execute(insert(jobs).values(values))
            follow(connection, job_id, job.settings, job.created_at)
            moments.require_destinations(connection, job.settings)
            return job_id

    def mark_registered(self, job_id: int) -> None:
        with self._database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(is_registered=True))

    def replace(self, job: Job) -> None:
        with self._database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.job_id == job.job_id).values(job_columns(job)))
            follow(connection, job.job_id, job.settings, job.updated_at)
            moments.require_destinations(connection, job.settings)

    def delete(self, job_id: int) -> None:
        with self._database.write() as connection:
            connection.execute(jobs.delete().where(jobs.c.job_id == job_id))
            forget(connection, job_id)

    def find(self, job_id: int) -> Job | None:
        with self._database.read() as connection:
            query = select(jobs).where(jobs.c.job_id == job_id, jobs.c.is_registered)
            row = connection.execute(query).one_or_none()
            return job_of(row) if row else None

    def unregistered(self) -> list[int]:
        """Jobs whose creation was cut short."""
        with self._database.read() as connection:
            return list(connection.execute(select(jobs.c.job_id).where(~jobs.c.is_registered)).scalars())

    def ids(self, *, name: str | None = None) -> list[int]:
        """Newest first."""
        query = select(jobs.c.job_id).where(jobs.c.is_registered).order_by(jobs.c.job_id.desc())
        if name is not None:
            query = query.where(func.lower(jobs.c.name) == name.lower())
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def many(self, job_ids: Sequence[int]) -> list[Job]:
        """In the order asked."""
        with self._database.read() as connection:
            rows = connection.execute(select(jobs).where(jobs.c.job_id.in_(job_ids))).all()
        found = {row.job_id: job_of(row) for row in rows}
        return [found[job_id] for job_id in job_ids if job_id in found]
