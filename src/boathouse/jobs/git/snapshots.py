"""Which commit a run uses: found out by its first task, the same for all others, for retries and for repairs."""

from dataclasses import replace

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from boathouse.jobs.records import Run
from boathouse.jobs.schema import run_commits
from boathouse.metastore import Database


class GitSnapshots:
    """Commits by run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, run_id: int) -> str | None:
        with self._database.read() as connection:
            return connection.execute(select(run_commits.c.commit).where(run_commits.c.run_id == run_id)).scalar()

    def on(self, run: Run) -> Run:
        """The run with its commit, as far as it has come."""
        return replace(run, used_commit=self.find(run.run_id)) if run.settings.git_source else run

    def keep(self, run_id: int, commit: str) -> str:
        """The commit of the run from now on: this one, or the one that another task was faster with."""
        try:
            with self._database.write() as connection:
                connection.execute(insert(run_commits).values(run_id=run_id, commit=commit))
        except IntegrityError:
            return self.find(run_id) or commit
        return commit
