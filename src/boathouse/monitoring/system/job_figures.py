"""What jobs did, from the rows of their runs."""

from sqlalchemy import Connection, func, select

from boathouse.jobs.schema import job_runs, task_runs
from boathouse.jobs.schema import jobs as job_rows
from boathouse.jobs.states import UNDER_WAY, LifeCycleState, ResultState
from boathouse.monitoring.system.nouns import JobFigures

_GOOD = (ResultState.SUCCESS, ResultState.SUCCESS_WITH_FAILURES)
_BAD = (ResultState.FAILED, ResultState.TIMEDOUT, ResultState.UPSTREAM_FAILED)


def figures_between(connection: Connection, since: int, until: int) -> list[JobFigures]:
    """Of every job of which a run ended in ``[since, until)`` or is open now."""
    ended, opened, used = _ended(connection, since, until), _open(connection), _used(connection, since, until)
    ids = sorted({*ended, *opened})
    names = (
        {row.job_id: row.name for row in connection.execute(select(job_rows.c.job_id, job_rows.c.name))} if ids else {}
    )
    found: list[JobFigures] = []
    for job_id in ids:
        queued, under_way = opened.get(job_id, (0, 0))
        good, bad, other, waited, took, longest = ended.get(job_id, (0, 0, 0, 0, 0, 0))
        cpu, memory = used.get(job_id, (0.0, None))
        name = names.get(job_id)
        found.append(JobFigures(job_id, name, queued, under_way, good, bad, other, waited, took, longest, cpu, memory))
    return found


def _ended(connection: Connection, since: int, until: int) -> dict[int, tuple[int, int, int, int, int, int]]:
    c = job_runs.c
    columns = (c.job_id, c.result_state, c.created_at, c.started_at, c.ended_at)
    query = select(*columns).where(c.ended_at >= since, c.ended_at < until)
    found: dict[int, tuple[int, int, int, int, int, int]] = {}
    for row in connection.execute(query):
        good, bad, other, waited, took, longest = found.get(row.job_id, (0, 0, 0, 0, 0, 0))
        started = row.started_at if row.started_at is not None else row.ended_at
        lasted = max(0, row.ended_at - started)
        is_good, is_bad = row.result_state in _GOOD, row.result_state in _BAD
        found[row.job_id] = (
            good + is_good,
            bad + is_bad,
            other + (not is_good and not is_bad),
            waited + max(0, started - row.created_at),
            took + lasted,
            max(longest, lasted),
        )
    return found


def _open(connection: Connection) -> dict[int, tuple[int, int]]:
    """How many runs of each job wait, and how many are under way."""
    c = job_runs.c
    states = [LifeCycleState.QUEUED.value, *UNDER_WAY]
    query = select(c.job_id, c.life_cycle_state, func.count()).where(c.life_cycle_state.in_(states))
    found: dict[int, tuple[int, int]] = {}
    for job_id, state, count in connection.execute(query.group_by(c.job_id, c.life_cycle_state)):
        queued, under_way = found.get(job_id, (0, 0))
        is_queued = state == LifeCycleState.QUEUED.value
        found[job_id] = (queued + count * is_queued, under_way + count * (not is_queued))
    return found


def _used(connection: Connection, since: int, until: int) -> dict[int, tuple[float, int | None]]:
    c = job_runs.c
    sums = (func.sum(task_runs.c.cpu_seconds), func.max(task_runs.c.peak_memory_bytes))
    joined = job_runs.join(task_runs, task_runs.c.run_id == c.run_id)
    query = select(c.job_id, *sums).select_from(joined).where(c.ended_at >= since, c.ended_at < until)
    return {job_id: (float(cpu or 0.0), memory) for job_id, cpu, memory in connection.execute(query.group_by(c.job_id))}
