"""Rows of who has read what on which day."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, delete, func, select, update

from boathouse.catalog.repository.schema import reads_by_day, search_documents
from boathouse.metastore.upserting import insert_into


@dataclass(frozen=True, slots=True)
class Read:
    """One reading; ``job_id`` and ``run_id`` are 0 for a person."""

    securable_id: str
    day: int
    reader: str
    job_id: int
    run_id: int


def add(connection: Connection, read: Read) -> bool:
    """Count a reading; True when it is the first of that reader and job on that day."""
    c = reads_by_day.c
    changed = connection.execute(
        update(reads_by_day)
        .where(c.securable_id == read.securable_id, c.day == read.day, c.reader == read.reader, c.job_id == read.job_id)
        .values(
            reads=c.reads + 1, runs=c.runs + case((c.last_run_id != read.run_id, 1), else_=0), last_run_id=read.run_id
        )
    )
    if changed.rowcount:
        return False
    row = {"securable_id": read.securable_id, "day": read.day, "reader": read.reader, "job_id": read.job_id,
           "reads": 1, "runs": 1 if read.run_id else 0, "last_run_id": read.run_id}  # fmt: skip
    connection.execute(insert_into(connection, reads_by_day).on_conflict_do_nothing(), row)
    return True


def uses(
    connection: Connection, securable_ids: Sequence[str], after_day: int
) -> Mapping[str, tuple[int, int, int, int]]:
    """Reads, readers, jobs and runs of each after a day."""
    c = reads_by_day.c
    query = (
        select(
            c.securable_id,
            func.sum(c.reads),
            func.count(c.reader.distinct()),
            func.count(case((c.job_id != 0, c.job_id)).distinct()),
            func.sum(c.runs),
        )
        .where(c.securable_id.in_(list(securable_ids)), c.day > after_day)
        .group_by(c.securable_id)
    )
    return {row[0]: (int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in connection.execute(query)}


def jobs_reading(connection: Connection, securable_id: str, after_day: int) -> list[int]:
    """The jobs that have read a thing after a day, those with the most runs first."""
    c = reads_by_day.c
    query = (
        select(c.job_id)
        .where(c.securable_id == securable_id, c.day > after_day, c.job_id != 0)
        .group_by(c.job_id)
        .order_by(func.sum(c.runs).desc(), c.job_id)
    )
    return [row[0] for row in connection.execute(query)]


def popularity_of(connection: Connection, securable_id: str) -> int:
    d = search_documents.c
    return connection.execute(select(d.popularity).where(d.securable_id == securable_id)).scalar() or 0


def set_popularity(connection: Connection, values: Mapping[str, int], boost: Callable[[int], int]) -> None:
    for securable_id, popularity in sorted(values.items()):
        connection.execute(
            update(search_documents)
            .where(search_documents.c.securable_id == securable_id)
            .values(popularity=popularity, boost=boost(popularity))
        )


def changed_popularity(connection: Connection, after_day: int) -> dict[str, int]:
    """The documents whose popularity is not what the rows after a day say, with what they say."""
    c, d = reads_by_day.c, search_documents.c
    counted = select(c.securable_id, func.count().label("days")).where(c.day > after_day).group_by(c.securable_id)
    told = counted.subquery()
    days = func.coalesce(told.c.days, 0)
    query = (
        select(d.securable_id, days).outerjoin(told, told.c.securable_id == d.securable_id).where(days != d.popularity)
    )
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def forget_before(connection: Connection, day: int) -> None:
    connection.execute(delete(reads_by_day).where(reads_by_day.c.day < day))
