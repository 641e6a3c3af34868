"""The rows of repairs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from boathouse.jobs.records import Repair, State
from boathouse.jobs.rows import state_columns, state_of
from boathouse.jobs.schema import run_repairs, task_runs


def end_repair(connection: Connection, run_id: int, state: State, now: int) -> None:
    """Keep how the repair that is under way ended, if one is: as its run did."""
    connection.execute(
        update(run_repairs)
        .where(run_repairs.c.run_id == run_id, run_repairs.c.ended_at.is_(None))
        .values({**state_columns(state), "ended_at": now})
    )


def repairs_of(connection: Connection, run_id: int) -> Sequence[Repair]:
    """The run before its first repair, and each repair."""
    rows = connection.execute(
        select(run_repairs).where(run_repairs.c.run_id == run_id).order_by(run_repairs.c.number)
    ).all()
    query = select(task_runs.c.task_run_id, task_runs.c.repair_id).where(
        task_runs.c.run_id == run_id, task_runs.c.for_each.is_(None)
    )
    ids: dict[Any, list[int]] = {}
    for task in connection.execute(query.order_by(task_runs.c.task_run_id)):
        ids.setdefault(task.repair_id, []).append(task.task_run_id)
    return [
        Repair(
            repair_id=row.repair_id,
            run_id=row.run_id,
            number=row.number,
            started_at=row.started_at,
            ended_at=row.ended_at,
            state=state_of(row),
            task_run_ids=tuple(ids.get(row.repair_id if row.number else None, ())),
        )
        for row in rows
    ]
