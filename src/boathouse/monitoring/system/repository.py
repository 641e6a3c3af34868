"""The rows of this room."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, insert, select, update

from boathouse.metastore.upserting import insert_missing
from boathouse.monitoring.system.counting import Added
from boathouse.monitoring.system.nouns import ComponentFigures, JobFigures
from boathouse.monitoring.system.schema import component_samples, endpoint_samples, job_samples, sample_marks
from boathouse.serving.telemetry.nouns import Series

MARK = "minutes"
_SAMPLES = (endpoint_samples, job_samples, component_samples)


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to when samples were taken, and what had been counted by then."""

    sampled_at: int
    document: Any


@dataclass(frozen=True, slots=True)
class Sample:
    """Everything of one stretch of time."""

    since: int
    sampled_at: int
    endpoints: Mapping[Series, Added]
    names: Mapping[str, str]
    """Of endpoints, by id."""
    jobs: Iterable[JobFigures]
    components: Iterable[ComponentFigures]


def mark(connection: Connection) -> Mark | None:
    row = connection.execute(select(sample_marks).where(sample_marks.c.name == MARK)).one_or_none()
    return None if row is None else Mark(row.sampled_at, json.loads(row.document))


def move_mark(connection: Connection, before: Mark | None, after: Mark) -> bool:
    """Go on from what was the mark; False: somebody else has taken this stretch."""
    document = json.dumps(after.document)
    if before is None:
        if mark(connection) is not None:
            return False
        insert_missing(connection, sample_marks, [{"name": MARK, "sampled_at": after.sampled_at, "document": document}])
        return True
    same = (sample_marks.c.name == MARK, sample_marks.c.sampled_at == before.sampled_at)
    values = {"sampled_at": after.sampled_at, "document": document}
    return connection.execute(update(sample_marks).where(*same).values(values)).rowcount > 0


def add(connection: Connection, sample: Sample) -> None:
    """Write a stretch down."""
    common = {"sampled_at": sample.sampled_at, "since": sample.since}
    endpoints = [
        common
        | {"endpoint_id": series.endpoint_id, "entity_id": series.entity_id, "role": series.role}
        | {"endpoint_name": sample.names.get(series.endpoint_id)}
        | asdict(added)
        | {"latency": json.dumps(added.latency)}
        for series, added in sample.endpoints.items()
    ]
    jobs = [common | _renamed(asdict(each)) for each in sample.jobs]
    components = [common | asdict(each) for each in sample.components]
    for table, rows in zip(_SAMPLES, (endpoints, jobs, components), strict=True):
        if rows:
            connection.execute(insert(table), rows)


def _renamed(figures: dict[str, Any]) -> dict[str, Any]:
    return {("job_name" if name == "name" else name): value for name, value in figures.items()}


def remove(connection: Connection, sampled_at: int) -> None:
    """Take away what a clock that was put back has left of this minute."""
    for table in _SAMPLES:
        connection.execute(delete(table).where(table.c.sampled_at == sampled_at))


def forget(connection: Connection, earlier_than: int) -> int:
    """Delete what is older; gives how many rows that were."""
    return sum(
        connection.execute(delete(table).where(table.c.sampled_at < earlier_than)).rowcount for table in _SAMPLES
    )


def rows(connection: Connection, table: Table) -> list[Row[Any]]:
    """All samples of one kind, in time."""
    return list(connection.execute(select(table).order_by(table.c.sampled_at)))


def newest_components(connection: Connection) -> list[Row[Any]]:
    """How the parts were at the last look."""
    newest = select(func.max(component_samples.c.sampled_at)).scalar_subquery()
    return list(connection.execute(select(component_samples).where(component_samples.c.sampled_at == newest)))


def newest_jobs(connection: Connection) -> list[Row[Any]]:
    newest = select(func.max(sample_marks.c.sampled_at)).where(sample_marks.c.name == MARK).scalar_subquery()
    return list(connection.execute(select(job_samples).where(job_samples.c.sampled_at == newest)))


def job_totals(connection: Connection) -> list[Row[Any]]:
    """What the samples that are kept say of each job together."""
    c = job_samples.c
    sums = [func.sum(c[name]).label(name) for name in ("succeeded", "failed", "otherwise", "took_ms", "cpu_seconds")]
    query = select(c.job_id, func.max(c.job_name).label("job_name"), *sums).group_by(c.job_id).order_by(c.job_id)
    return list(connection.execute(query))
