"""Which queued run may begin: ``max_concurrent_runs`` of each job, and nobody waits behind somebody else's queue.

Decided under a lock on the job's row, so that two workers never start one run too many between them.
"""

from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, or_, select, update

from boathouse.jobs.records import State
from boathouse.jobs.schema import job_runs, jobs
from boathouse.jobs.states import UNDER_WAY, LifeCycleState, ResultState

_QUEUED = job_runs.c.life_cycle_state == LifeCycleState.QUEUED.value


def refusal(connection: Connection, job_id: int, limit: int | None, *, is_queued: bool) -> State | None:
    """The state of a new run that may not even wait; None when it may.

    What a backfill has in store does not count as under way: it gives way to everything else.
    """
    if limit is None or (is_queued and limit > 0):
        return None
    in_store = and_(_QUEUED, job_runs.c.backfill_id.is_not(None))
    open_runs = select(func.count()).where(
        job_runs.c.job_id == job_id,
        job_runs.c.life_cycle_state.in_([LifeCycleState.QUEUED.value, *UNDER_WAY]),
        ~in_store,
    )
    found = connection.execute(open_runs).scalar_one()
    if found < limit:
        return None
    runs = "run of the job is" if found == 1 else "runs of the job are"
    message = (
        f"{found} {runs} under way, and its max_concurrent_runs is {limit}."
        if limit
        else "The job's max_concurrent_runs is 0."
    )
    hint = " Set queue.enabled to let runs wait." if limit else ""
    return State(LifeCycleState.SKIPPED, ResultState.MAXIMUM_CONCURRENT_RUNS_REACHED, message + hint)


def queued_runs(limit: int) -> Select[*tuple[Any, ...]]:
    """Runs that could begin, the fairest order first: children of runs that wait for them, then the jobs by turns, the
    runs of backfills last."""
    under_way = (
        select(job_runs.c.job_id, func.count().label("number"))
        .where(job_runs.c.life_cycle_state.in_(UNDER_WAY))
        .group_by(job_runs.c.job_id)
        .subquery()
    )
    is_backfill = case((job_runs.c.backfill_id.is_(None), 0), else_=1)
    turn = func.row_number().over(partition_by=job_runs.c.job_id, order_by=(is_backfill, job_runs.c.run_id))
    queued = (
        select(
            job_runs.c.run_id,
            job_runs.c.job_id,
            job_runs.c.max_concurrent_runs,
            case((job_runs.c.parent_run_id.is_(None), 0), else_=1).label("is_child"),
            is_backfill.label("is_backfill"),
            turn.label("turn"),
        )
        .where(_QUEUED)
        .subquery()
    )
    place = func.coalesce(under_way.c.number, 0) + queued.c.turn
    has_room = or_(queued.c.max_concurrent_runs.is_(None), place <= queued.c.max_concurrent_runs)
    return (
        select(queued.c.run_id, queued.c.is_child)
        .outerjoin(under_way, under_way.c.job_id == queued.c.job_id)
        .where(has_room)
        .order_by(queued.c.is_child.desc(), queued.c.is_backfill, place, queued.c.run_id)
        .limit(limit)
    )


def any_queued() -> Select[Any]:
    """What an idle worker asks: one look into an index."""
    return select(job_runs.c.run_id).where(_QUEUED).limit(1)


def claim_run(connection: Connection, run_id: int, executor_id: str) -> bool:
    """Give a queued run to a worker, if it is still queued and its job has room."""
    query = select(job_runs.c.job_id, job_runs.c.max_concurrent_runs).where(job_runs.c.run_id == run_id, _QUEUED)
    row = connection.execute(query).one_or_none()
    if row is None:
        return False
    if row.max_concurrent_runs is not None:
        lock = update(jobs).where(jobs.c.job_id == row.job_id).values(runs_started=jobs.c.runs_started)
        connection.execute(lock)
        under_way = select(func.count()).where(
            job_runs.c.job_id == row.job_id, job_runs.c.life_cycle_state.in_(UNDER_WAY)
        )
        if connection.execute(under_way).scalar_one() >= row.max_concurrent_runs:
            return False
    taken = connection.execute(
        update(job_runs)
        .where(job_runs.c.run_id == run_id, _QUEUED)
        .values(life_cycle_state=LifeCycleState.PENDING.value, executor_id=executor_id)
    )
    return taken.rowcount > 0
