"""The SQL of lists of jobs. Each job's runs are looked up along an index: a job may have run a thousand times, and a
query over all runs would read them all."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Row, exists, func, select

from boathouse.jobs.records import RunMark, Standing
from boathouse.jobs.rows import state_of
from boathouse.jobs.schema import job_runs, jobs
from boathouse.jobs.starting.schema import job_starters
from boathouse.jobs.states import UNDER_WAY, LifeCycleState, ResultState
from boathouse.metastore import Database

_OPEN = (LifeCycleState.QUEUED.value, *UNDER_WAY)
_SUCCEEDED = (ResultState.SUCCESS.value, ResultState.SUCCESS_WITH_FAILURES.value)
_FAILED = (ResultState.FAILED.value, ResultState.TIMEDOUT.value)


class OverviewRepository:
    """Which jobs there are, and how their last runs ended."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ids(self, text: str = "", standing: Standing | None = None) -> list[int]:
        """Jobs by a part of their name and by how they stand, the one that ran last first."""
        last, each = job_runs.alias("last"), job_runs.alias("each")
        newest = select(func.max(each.c.run_id)).where(each.c.job_id == jobs.c.job_id).scalar_subquery()
        query = (
            select(jobs.c.job_id)
            .select_from(jobs)
            .outerjoin(last, last.c.run_id == newest)
            .where(jobs.c.is_registered)
            .order_by(last.c.run_id.desc().nulls_last(), jobs.c.job_id.desc())
        )
        if text.strip():
            query = query.where(func.lower(jobs.c.name).contains(text.strip().lower(), autoescape=True))
        match standing:
            case None:
                pass
            case Standing.UNDER_WAY:
                query = query.where(last.c.life_cycle_state.in_(_OPEN))
            case Standing.FAILED:
                query = query.where(last.c.result_state.in_(_FAILED))
            case Standing.SUCCEEDED:
                query = query.where(last.c.result_state.in_(_SUCCEEDED))
            case Standing.CANCELED:
                query = query.where(last.c.result_state == ResultState.CANCELED)
            case Standing.NEVER_RUN:
                query = query.where(last.c.run_id.is_(None))
            case Standing.SCHEDULED | Standing.PAUSED:
                is_paused = job_starters.c.is_paused if standing is Standing.PAUSED else ~job_starters.c.is_paused
                query = query.where(exists().where(job_starters.c.job_id == jobs.c.job_id, is_paused))
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def last_runs(self, job_ids: Sequence[int], count: int) -> Mapping[int, Sequence[RunMark]]:
        """The last runs of some jobs, of each the oldest first."""
        query = select(*(job_runs.c[name] for name in _COLUMNS)).order_by(job_runs.c.run_id.desc()).limit(count)
        with self._database.read() as connection:
            return {
                job_id: [
                    _mark(row) for row in reversed(connection.execute(query.where(job_runs.c.job_id == job_id)).all())
                ]
                for job_id in job_ids
            }


_COLUMNS = (
    "run_id",
    "number_in_job",
    "life_cycle_state",
    "result_state",
    "state_message",
    "created_at",
    "started_at",
    "ended_at",
)


def _mark(row: Row[*tuple[object, ...]]) -> RunMark:
    return RunMark(row.run_id, row.number_in_job, state_of(row), row.created_at, row.started_at, row.ended_at)
