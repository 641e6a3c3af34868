"""What the rows of jobs and runs do to the rows of what starts them, in the same transaction."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from boathouse.foundation.errors import InvalidInput
from boathouse.jobs.settings import JobSettings
from boathouse.jobs.starting.schema import job_starters, starter_events, starter_files
from boathouse.jobs.starting.starters import StarterDefinition, StarterKind, definition_of


def follow(connection: Connection, job_id: int, settings: JobSettings, now: int) -> None:
    """Bring a job's starter to what its settings say, in the transaction that changes them. One that stays the same
    keeps what it has seen; one that changes, or is no longer paused, begins anew."""
    wanted = definition_of(settings)
    mine = job_starters.c.job_id == job_id
    row = connection.execute(select(job_starters).where(mine)).one_or_none()
    if wanted is None:
        if row is not None:
            forget(connection, job_id)
        return
    if row is not None and _is_same(row, wanted):
        return
    if wanted.kind is StarterKind.JOB_COMPLETION:
        _refuse_circle(connection, job_id, wanted.details["job_id"])
    values: dict[str, Any] = {
        "kind": wanted.kind.value,
        "definition": wanted.text,
        "is_paused": wanted.is_paused,
        "since": now,
        "due_at": None if wanted.is_paused else now,
        "memory": "{}",
        "problem": None,
        "problem_since": None,
    }
    connection.execute(delete(starter_events).where(starter_events.c.job_id == job_id))
    connection.execute(delete(starter_files).where(starter_files.c.job_id == job_id))
    if row is None:
        connection.execute(insert(job_starters).values(job_id=job_id, revision=0, fires=0, missed=0, **values))
    else:
        connection.execute(update(job_starters).where(mine).values(revision=job_starters.c.revision + 1, **values))


def forget(connection: Connection, job_id: int) -> None:
    """Remove all that starts runs of a job."""
    for table in (job_starters, starter_events, starter_files):
        connection.execute(delete(table).where(table.c.job_id == job_id))


def announce(connection: Connection, job_id: int, facts: Mapping[str, Any], now: int) -> None:
    """Tell a job's starter of an event, in the transaction in which it happens."""
    connection.execute(
        insert(starter_events).values(job_id=job_id, happened_at=now, facts=json.dumps(facts, ensure_ascii=False))
    )
    connection.execute(
        update(job_starters)
        .where(job_starters.c.job_id == job_id)
        .values(revision=job_starters.c.revision + 1, due_at=now)
    )


def waiting_for_job(connection: Connection, job_id: int, result: str) -> list[int]:
    """The jobs that start when a run of this job has ended with this result."""
    query = select(job_starters.c.job_id, job_starters.c.definition).where(
        job_starters.c.kind == StarterKind.JOB_COMPLETION.value, ~job_starters.c.is_paused
    )
    found = [(row.job_id, json.loads(row.definition)) for row in connection.execute(query)]
    return [each for each, details in found if details["job_id"] == job_id and result in details["results"]]


def _is_same(row: Row[Any], wanted: StarterDefinition) -> bool:
    return (row.kind, row.definition, row.is_paused) == (wanted.kind.value, wanted.text, wanted.is_paused)


def _upstream(connection: Connection) -> dict[int, int]:
    """For each job that waits for another one: which."""
    query = select(job_starters.c.job_id, job_starters.c.definition).where(
        job_starters.c.kind == StarterKind.JOB_COMPLETION.value
    )
    return {row.job_id: json.loads(row.definition)["job_id"] for row in connection.execute(query)}


def _refuse_circle(connection: Connection, job_id: int, upstream: int) -> None:
    waits_for = _upstream(connection) | {job_id: upstream}
    path = [job_id]
    while (following := waits_for.get(path[-1])) is not None and following not in path:
        path.append(following)
    if following is not None:
        circle = " after ".join(map(str, [*path, following]))
        raise InvalidInput(
            f"Jobs would start each other without end: {circle}.", hint="Remove one of these job_completion triggers."
        )
