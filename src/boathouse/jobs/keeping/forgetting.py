"""What belongs to a run and goes with it, whether somebody deletes it or it has become old."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, select

from boathouse.jobs.schema import job_runs, run_commits, run_repairs, task_attempts, task_runs, task_values
from boathouse.jobs.telling.schema import run_tellings, run_watches


def delete_runs(connection: Connection, run_ids: Sequence[int]) -> int:
    """Delete runs with all that belongs to them; gives the number of task runs."""
    tasks = select(task_runs.c.task_run_id).where(task_runs.c.run_id.in_(run_ids))
    for table in (task_attempts, task_values):
        connection.execute(delete(table).where(table.c.task_run_id.in_(tasks)))
    deleted: Mapping[str, int] = {
        table.name: connection.execute(delete(table).where(table.c.run_id.in_(run_ids))).rowcount
        for table in (run_tellings, run_watches, run_repairs, run_commits, task_runs, job_runs)
    }
    return deleted[task_runs.name]
