"""Runs, their tasks and the attempts."""

from dataclasses import replace

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from boathouse.foundation.errors import Conflict
from boathouse.jobs.again.repair_rows import end_repair
from boathouse.jobs.keeping.forgetting import delete_runs
from boathouse.jobs.records import State
from boathouse.jobs.repository.new_runs import NewRun, first_state, run_columns
from boathouse.jobs.repository.run_work import RunWork, end_open_tasks
from boathouse.jobs.rows import (
    FINAL,
    next_ids,
    state_columns,
)
from boathouse.jobs.schema import job_runs, jobs, task_runs
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.jobs.telling import moments
from boathouse.jobs.workers.admission import refusal


class RunRepository(RunWork):
    """Runs, their tasks and the attempts."""

    def insert(self, new: NewRun, now: int) -> int:
        """Keep a new run with its tasks, queued or skipped; with a token used before, the run that was made then.

        Raises:
            Conflict: The token was used for something else.
        """
        try:
            with self._database.write() as connection:
                return self.insert_with(connection, new, now)
        except IntegrityError:
            if new.idempotency_token is None:
                raise
            return self._run_of_token(new, new.idempotency_token)

    def insert_with(self, connection: Connection, new: NewRun, now: int) -> int:
        """:meth:`insert` within somebody's transaction."""
        settings = new.job.settings
        if not new.job.job_id:  # of a one-time run, which has no job
            new = replace(new, job=replace(new.job, job_id=next_ids(connection, "job", 1)))
        run_id = next_ids(connection, "run", len(settings.tasks) + 1)
        mine = jobs.c.job_id == new.job.job_id
        connection.execute(update(jobs).where(mine).values(runs_started=jobs.c.runs_started + 1))
        number = connection.execute(select(jobs.c.runs_started).where(mine)).scalar() or 1
        limit = new.max_concurrent_runs
        skipped = refusal(connection, new.job.job_id, limit, is_queued=new.is_queued)
        state = skipped or State(LifeCycleState.QUEUED)
        values = {
            **run_columns(new, run_id, number, now),
            "definition": self._definitions.keep(connection, settings),
            **state_columns(state),
            "ended_at": now if skipped else None,
        }
        connection.execute(insert(job_runs).values(values))
        moments.run_is_asked_for(connection, run_id, settings)
        if (parent := new.start.parent) is not None:
            connection.execute(
                update(task_runs).where(task_runs.c.task_run_id == parent.task_run_id).values(child_run_id=run_id)
            )
        tasks = [
            {
                **first_state(task, new, skipped),
                "task_run_id": run_id + 1 + position,
                "run_id": run_id,
                "task_key": task.task_key,
                "position": position,
                "attempt": 0,
                "setup_ms": 0,
                "execution_ms": 0,
            }
            for position, task in enumerate(settings.tasks)
        ]
        connection.execute(insert(task_runs), tasks)
        if skipped is not None:
            moments.run_ends(connection, run_id, skipped, now)
        return run_id

    def _run_of_token(self, new: NewRun, token: str) -> int:
        query = select(job_runs.c.run_id, job_runs.c.job_id, job_runs.c.run_type).where(
            job_runs.c.creator == new.creator, job_runs.c.idempotency_token == token
        )
        with self._database.read() as connection:
            row = connection.execute(query).one()
        if row.run_type != new.run_type or row.job_id != (new.job.job_id or row.job_id):
            raise Conflict(
                f"The idempotency_token {token!r} stands for run {row.run_id}, which is not of this job.",
                hint="Take a token of its own for each run that you mean.",
            )
        return row.run_id

    def request_cancel(self, run_id: int, now: int) -> None:
        """Ask the worker to stop the run; end it at once when no worker has it yet."""
        with self._database.write() as connection:
            mine = job_runs.c.run_id == run_id
            connection.execute(
                update(job_runs)
                .where(mine, job_runs.c.cancel_requested_at.is_(None), job_runs.c.life_cycle_state.not_in(FINAL))
                .values(cancel_requested_at=now)
            )
            state = State(LifeCycleState.TERMINATED, ResultState.CANCELED, "Cancelled before it started.")
            queued = connection.execute(
                update(job_runs)
                .where(mine, job_runs.c.life_cycle_state == LifeCycleState.QUEUED)
                .values({**state_columns(state), "ended_at": now})
            )
            if queued.rowcount:
                end_open_tasks(connection, run_id, ResultState.CANCELED, state.message, now)
                end_repair(connection, run_id, state, now)
                moments.run_ends(connection, run_id, state, now)
                return
            connection.execute(
                update(job_runs)
                .where(mine, job_runs.c.life_cycle_state == LifeCycleState.RUNNING)
                .values(life_cycle_state=LifeCycleState.TERMINATING)
            )

    def delete(self, run_id: int) -> None:
        with self._database.write() as connection:
            delete_runs(connection, [run_id])
