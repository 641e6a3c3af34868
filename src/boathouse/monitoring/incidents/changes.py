"""What had changed before it broke: commits upstream, deployments, aliases, endpoints, runs that failed.

Each change gets a figure between 0 and 1 that says how likely it is the reason: the weight of its kind, times 0.6 for
each step of lineage between it and what broke, times one half for each day that it lies before; what came after the
break counts a fifth. The figure puts them in order; it is no probability.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boathouse.catalog import Catalog, LineageNode, NodeKind
from boathouse.catalog.events import Event
from boathouse.catalog.repository.records import EdgeFilter, RecordedEdge
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.event_filter import EventFilter as Wanted
from boathouse.foundation.principals import Principal
from boathouse.monitoring.incidents.nouns import Change

WEIGHTS: Mapping[str, float] = {
    "schema": 1.0,
    "contract.broken": 1.0,
    "commit": 0.9,
    "run.failed": 0.9,
    "deploy.done": 0.8,
    "deploy.failed": 0.5,
    "model_version_alias.moved": 0.7,
    "model_version.promoted": 0.7,
    "model_version.rolled_back": 0.7,
    "endpoint.changed": 0.6,
    "rollout.stepped": 0.6,
    "rollout.aborted": 0.5,
    "monitor.failed": 0.4,
    "alert.fired": 0.4,
}
FIRST_OF_ITS_WRITER = 1.4
"""A commit by somebody, or by a job, who has not written the table before."""
PER_HOP, HALF_LIFE_MS, AFTERWARDS = 0.6, 24 * 3600 * 1000, 0.2
FAR = 2
"""The hops of what lineage says nothing of, as a deployment."""
MOST = 30
_MOST_EVENTS, _MOST_EDGES, _MOST_TABLES = 1_000, 1_000, 50
_READS = frozenset({"READ", "LOCATION_GRANTED", "FEATURES"})
_SCHEMA = frozenset({"ALTER", "ALTER TABLE", "ALTER_TABLE"})


@dataclass(frozen=True, slots=True)
class Break:
    """What broke, and when that is known to have begun."""

    subject: str
    is_table: bool
    at: int
    since: int
    """Nothing from before is looked at."""
    until: int


def what_changed(catalog: Catalog, principal: Principal, broken: Break, *, most: int = MOST) -> list[Change]:
    """The changes that the principal may know of, the most likely first."""
    hops: dict[str, int] = {broken.subject.lower(): 0}
    found: list[Change] = []
    jobs: set[str] = set()
    if broken.is_table:
        edges = _upstream(catalog, principal, broken.subject)
        hops |= _hops(broken.subject, edges)
        found += _commits(_written(catalog, principal, edges, hops, broken), hops, broken)
        jobs = {str(each.edge.entity["job_id"]) for each in edges if each.edge.entity.get("job_id") is not None}
    found += _told(catalog, principal, hops, jobs, broken)
    return sorted(found, key=lambda each: (-each.likelihood, -each.at))[:most]


def likelihood(kind: str, hops: int, at: int, broken_at: int, *, factor: float = 1.0) -> float:
    """How likely a change is the reason, for comparing."""
    age = broken_at - at
    by_time = 0.5 ** (age / HALF_LIFE_MS) if age >= 0 else AFTERWARDS
    return min(1.0, WEIGHTS.get(kind, 0.3) * factor * PER_HOP**hops * by_time)


def _upstream(catalog: Catalog, principal: Principal, table: str) -> Sequence[RecordedEdge]:
    try:
        return catalog.lineage.upstream(principal, LineageNode(NodeKind.TABLE, table))
    except BoathouseError:  # the table is gone, or hidden
        return ()


def _written(
    catalog: Catalog, principal: Principal, edges: Sequence[RecordedEdge], hops: Mapping[str, int], broken: Break
) -> list[RecordedEdge]:
    """The writes to the tables upstream: whatever went into a version that was read, not only the last commit of it."""
    read: dict[str, int] = {}
    for each in edges:
        node = each.edge.source
        if node is not None and node.kind is NodeKind.TABLE:
            read[node.name] = max(read.get(node.name, -1), -1 if node.version is None else node.version)
    found: list[RecordedEdge] = []
    nearest = sorted((name for name in read if name.lower() in hops), key=lambda name: hops[name.lower()])
    for name in [broken.subject, *(each for each in nearest if each.lower() != broken.subject.lower())][:_MOST_TABLES]:
        wanted = EdgeFilter(target=LineageNode(NodeKind.TABLE, name), until=broken.until)
        latest = read[name] if hops[name.lower()] else -1
        for each in catalog.lineage.edges(principal, wanted, limit=_MOST_EDGES):
            version = each.edge.target.version if each.edge.target is not None else None
            if latest < 0 or version is None or version <= latest:
                found.append(each)
    return found


def _hops(table: str, edges: Sequence[RecordedEdge]) -> dict[str, int]:
    """How far each thing upstream is; what lies in the memory of a task counts as its task does."""
    sources: dict[str, set[str]] = {}
    readers: dict[Any, set[str]] = {}
    for each in edges:
        task = each.edge.entity.get("task_run_id") or each.edge.session_id
        if each.edge.source is not None and each.edge.target is not None:
            sources.setdefault(each.edge.target.name.lower(), set()).add(each.edge.source.name.lower())
        elif each.edge.source is not None and task is not None:
            readers.setdefault(task, set()).add(each.edge.source.name.lower())
    for each in edges:
        task = each.edge.entity.get("task_run_id") or each.edge.session_id
        if each.edge.source is None and each.edge.target is not None and task in readers:
            sources.setdefault(each.edge.target.name.lower(), set()).update(readers[task])
    found, frontier = {table.lower(): 0}, [table.lower()]
    while frontier:
        name = frontier.pop(0)
        for source in sources.get(name, ()):
            if source not in found:
                found[source] = found[name] + 1
                frontier.append(source)
    return found


def _commits(edges: Sequence[RecordedEdge], hops: Mapping[str, int], broken: Break) -> Iterator[Change]:
    """Of each table and writer the last commit before the break; how many there were is told."""
    by_writer: dict[tuple[str, str, str], list[RecordedEdge]] = {}
    writers_before: dict[str, set[str]] = {}
    for each in edges:
        target = each.edge.target
        if target is None or target.kind is not NodeKind.TABLE or each.edge.operation in _READS:
            continue
        if target.name.lower() not in hops:
            continue
        if each.event_time < broken.since:
            writers_before.setdefault(target.name, set()).add(_writer(each))
        elif each.event_time <= broken.until:
            kind = "schema" if each.edge.operation.upper() in _SCHEMA else "commit"
            by_writer.setdefault((target.name, _writer(each), kind), []).append(each)
    for (table, writer, kind), commits in by_writer.items():
        before = [each for each in commits if each.event_time <= broken.at]
        last = max(before or commits, key=lambda each: each.event_time)
        known = writers_before.get(table, set())
        is_first = bool(known) and writer not in known
        distance = hops[table.lower()]
        target = last.edge.target
        assert target is not None
        version = f" version {target.version}" if target.version is not None else ""
        count = len({each.edge.target.version for each in commits if each.edge.target is not None})
        text = f"{writer} wrote {table}{version} ({last.edge.operation.lower() or 'write'})"
        text += f", {count} commits in all" if count > 1 else ""
        text += "; it had not written this table before" if is_first else ""
        factor = FIRST_OF_ITS_WRITER if is_first else 1.0
        yield Change(
            last.event_time, kind, table, text, last.principal, distance,
            likelihood(kind, distance, last.event_time, broken.at, factor=factor),
            {"version": target.version, "run_id": last.edge.entity.get("job_run_id") or last.edge.entity.get("run_id"),
             "git_commit": last.edge.entity.get("git_commit"), "commits": count},
        )  # fmt: skip


def _writer(recorded: RecordedEdge) -> str:
    job = recorded.edge.entity.get("job_name")
    return f"the job {job}" if job else recorded.principal


def _told(
    catalog: Catalog, principal: Principal, hops: Mapping[str, int], jobs: set[str], broken: Break
) -> Iterator[Change]:
    downstream = _downstream(catalog, principal, broken) if broken.is_table else {}
    for event in _events(catalog, principal, broken):
        distance = hops.get(event.subject.lower())
        if distance is None:
            distance = downstream.get(event.subject.lower())
        if distance is None and event.type == "run.failed":
            distance = 1 if event.subject in jobs else None
        if distance is None and event.type.startswith("deploy."):
            distance = FAR
        if distance is None or (event.type == "alert.fired" and distance == 0):
            continue
        yield Change(
            event.happened_at, event.type, event.subject, _sentence(event), event.principal, distance,
            likelihood(event.type, distance, event.happened_at, broken.at),
            {"event_id": event.event_id, "git_commit": event.data.get("git_commit")},
        )  # fmt: skip


def _downstream(catalog: Catalog, principal: Principal, broken: Break) -> dict[str, int]:
    """Models and endpoints that live on the table: what they did may have changed what it holds, one's own predictions
    above all."""
    try:
        edges = catalog.lineage.downstream(principal, LineageNode(NodeKind.TABLE, broken.subject))
    except BoathouseError:
        return {}
    kinds = (NodeKind.MODEL_VERSION, NodeKind.ENDPOINT)
    nodes = [node for each in edges for node in (each.edge.source, each.edge.target) if node is not None]
    return {node.name.lower(): 1 for node in nodes if node.kind in kinds}


def _events(catalog: Catalog, principal: Principal, broken: Break) -> Iterable[Event]:
    wanted = Wanted(types=[each for each in WEIGHTS if "." in each])
    before: int | None = None
    for _ in range(10):
        page, before = catalog.events.page(principal, wanted, limit=_MOST_EVENTS, before=before)
        for event in page:
            if event.happened_at < broken.since:
                return
            if event.happened_at <= broken.until:
                yield event
        if before is None:
            return


def _sentence(event: Event) -> str:
    data = event.data
    match event.type:
        case "model_version_alias.moved":
            versions = f"from version {data.get('from_version')} to {data.get('version')}"
            return f"{data.get('alias')} of {event.subject} went {versions}"
        case "run.failed":
            return f"Run {data.get('run_id')} of the job {data.get('job_name')} failed: {data.get('message') or '?'}"
        case "deploy.done" | "deploy.failed":
            commit = f" at commit {str(data.get('git_commit'))[:12]}" if data.get("git_commit") else ""
            return f"{event.subject} was {'deployed' if event.type == 'deploy.done' else 'not deployed'}{commit}"
        case "alert.fired":
            return f"The alert {data.get('alert')} fired: {data.get('why')}"
        case _:
            why = data.get("reason") or data.get("why") or data.get("message")
            return f"{event.type} of {event.subject}{f': {why}' if why else ''}"
