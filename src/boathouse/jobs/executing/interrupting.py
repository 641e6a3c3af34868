"""What becomes of runs that were under way in a past that is brought back: their workers are of another time, so
nobody goes on with them by itself."""

from dataclasses import replace

from sqlalchemy import Connection, or_, select, update

from boathouse.jobs.records import State
from boathouse.jobs.rows import FINAL, job_columns, job_of, state_columns
from boathouse.jobs.schema import job_runs, jobs, run_repairs, task_attempts, task_runs, worker_leases
from boathouse.jobs.settings import PauseStatus
from boathouse.jobs.starting.following import follow
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.metastore import Database


def interrupt_runs(database: Database, message: str, now: int) -> int:
    """End every run that has not ended, with the tasks that it still had to do; gives how many."""
    state = State(LifeCycleState.INTERNAL_ERROR, ResultState.FAILED, message)
    open_runs = select(job_runs.c.run_id).where(job_runs.c.life_cycle_state.not_in(FINAL))
    with database.write() as connection:
        _forget_workers(connection, message, now)
        connection.execute(
            update(task_runs)
            .where(task_runs.c.run_id.in_(open_runs), task_runs.c.life_cycle_state.not_in(FINAL))
            .values({**state_columns(State(LifeCycleState.TERMINATED, ResultState.CANCELED, message)), "ended_at": now})
        )
        ended = {**state_columns(state), "ended_at": now}
        connection.execute(update(run_repairs).where(run_repairs.c.ended_at.is_(None)).values(ended))
        return connection.execute(
            update(job_runs).where(job_runs.c.life_cycle_state.not_in(FINAL)).values(ended)
        ).rowcount


def queue_again(database: Database, now: int) -> int:
    """Put every run that was under way back into the queue; what it had finished is not done again."""
    message = "Its worker was of another time."
    with database.write() as connection:
        _forget_workers(connection, message, now)
        under_way = job_runs.c.life_cycle_state.not_in([*FINAL, LifeCycleState.QUEUED.value])
        values = {**state_columns(State(LifeCycleState.QUEUED)), "executor_id": None}
        return connection.execute(update(job_runs).where(under_way).values(values)).rowcount


def pause_all(database: Database, now: int) -> int:
    """Pause every schedule and trigger, and jobs that run all the time, as their owners could; gives how many."""
    paused = 0
    with database.write() as connection:
        for row in connection.execute(select(jobs)).all():
            job = job_of(row)
            starters = {name: getattr(job.settings, name) for name in ("schedule", "trigger", "continuous")}
            changed = {
                name: starter.model_copy(update={"pause_status": PauseStatus.PAUSED})
                for name, starter in starters.items()
                if starter is not None and starter.pause_status is not PauseStatus.PAUSED
            }
            if not changed:
                continue
            settings = job.settings.model_copy(update=changed)
            values = job_columns(replace(job, settings=settings, updated_at=now))
            connection.execute(update(jobs).where(jobs.c.job_id == job.job_id).values(values))
            follow(connection, job.job_id, settings, now)
            paused += 1
    return paused


def _forget_workers(connection: Connection, message: str, now: int) -> None:
    connection.execute(worker_leases.delete())
    connection.execute(
        update(task_attempts)
        .where(or_(task_attempts.c.ended_at.is_(None), task_attempts.c.result_state.is_(None)))
        .values(ended_at=now, result_state=ResultState.INTERRUPTED.value, message=message)
    )
