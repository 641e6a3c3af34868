# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""One publication: of everything, or of what has changed since the last. Whoever publishes next begins at its note."""

from dataclasses import dataclass, replace

import pyarrow as pa

from boathouse.catalog import ColumnFlow, LineageEdge, LineageNode, NodeKind
from boathouse.features.online.contract import OnlineStore, OnlineTable, Writer
from boathouse.features.online.moments import run_instant
from boathouse.features.online.nouns import Outcome, Publication
from boathouse.features.online.publishing.changed_values import can_be_told, changed_values
from boathouse.features.online.publishing.changes import Unknown, changed_keys, changes_since
from boathouse.features.online.publishing.latest import EVENT, KNOWN, TIED, Source, Survey, latest, survey, turned
from boathouse.features.online.publishing.sources import note_of, open_source, schema_of
from boathouse.features.online.stores import OnlineRegistry
from boathouse.lake import DamagedTable
from boathouse.lake.log import DeltaLog
from boathouse.session import Session

WAIT_SECONDS = 60.0
"""How long a publication waits for another one of the same table."""

_MOST_CHANGED = 0.5
"""If more keys have changed than this share, all are published anew."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to, and what."""

    registry: OnlineRegistry
    declared: Publication
    store: OnlineStore

    @property
    def name(self) -> str:
        return self.declared.online_table


def publish_once(session: Session, target: Target, *, everything: bool) -> Publication:
    """One publication: of everything, or of what has changed."""
    source, table_id = open_source(session, target.declared)
    because: str | None = None
    if not everything:
        done = _publish_changes(session, target, source, table_id)
        if isinstance(done, Publication):
            return done
        because = done
    with target.store.begin(target.name, schema_of(source), keep=False, wait_seconds=WAIT_SECONDS) as writer:
        source, table_id = _newest(session, target, source, table_id)
        known = survey(session.engine, source)
        found = _write(session, source, known, writer)
        note = note_of(source, table_id, known.next_known, ties=found.ties)
        keys = writer.commit(note)
    return _told(session, target, source, Outcome(source.snapshot.version, note["published_at"], keys, "SNAPSHOT"),
                 written=found.written, skipped=known.skipped, because=because)  # fmt: skip


def _publish_changes(session: Session, target: Target, source: Source, table_id: str) -> Publication | str:
    """Publish what has changed; or why that is not possible."""
    found = target.store.table(target.name)
    if found is None:
        return "nothing was published before"
    if found.schema != schema_of(source):
        return "the columns, keys or time to live have changed"
    with target.store.begin(target.name, schema_of(source), keep=True, wait_seconds=WAIT_SECONDS) as writer:
        source, table_id = _newest(session, target, source, table_id)
        online = target.store.table(target.name)
        if online is None or online.schema != schema_of(source):
            return "the columns, keys or time to live have changed"
        touched = _touched(session, source, table_id, online)
        if isinstance(touched, str):
            return touched
        known = survey(session.engine, source, touched.keys) if touched.keys.num_rows else Survey(0, 0, None, 0, 0)
        written = _put(source, writer, touched.newer) + _delete(writer, touched.gone)
        ties = touched.ties
        if touched.keys.num_rows:
            wrote = _write(session, source, known, writer, touched.keys)
            written += wrote.written + wrote.deleted
            ties = ties or wrote.ties
        coming = [each for each in (touched.next_known, known.next_known) if each is not None]
        note = note_of(source, table_id, min(coming, default=None), ties=ties)
        count = writer.commit(note)
    return _told(session, target, source, Outcome(source.snapshot.version, note["published_at"], count, "TRIGGERED"),
                 written=written, skipped=known.skipped + touched.skipped)  # fmt: skip


def _newest(session: Session, target: Target, source: Source, table_id: str) -> tuple[Source, str]:
    """The source as it is once nobody else publishes: what was opened before may be older than what is there."""
    if DeltaLog(source.snapshot.location).latest() == source.snapshot.version:
        return replace(source, now=max(source.now, run_instant())), table_id
    return open_source(session, target.declared)


@dataclass(frozen=True, slots=True)
class Touched:
    """What may have changed since the last publication."""

    keys: pa.Table
    """Keys whose values have to be looked for in the table."""
    next_known: int | None
    """When the next value of all others will be known."""
    newer: pa.Table | None = None
    """Values that take the place of what is online."""
    gone: pa.Table | None = None
    """Keys that have no value any more."""
    skipped: int = 0
    ties: bool = True
    """Whether a value that is online may be the latest of its key only by its place in the table."""


def _touched(session: Session, source: Source, table_id: str, online: OnlineTable) -> Touched | str:
    """What may have changed; or why nobody can tell."""
    note = online.meta
    same = {**note_of(source, table_id, None), "version": note.get("version")}
    if any(note.get(field) != same[field] for field in ("source_id", "clocks", "columns")):
        return "the table was replaced, or its columns or clocks have changed"
    since = int(note["now"])
    if source.now < since:
        return "it is earlier than when it was published last"
    changes = changes_since(source, int(note["version"]))
    if isinstance(changes, Unknown):
        return changes.because
    ties = bool(note.get("ties", True))
    if ties and changes.moves:
        return "rows of one key and time may have changed places"
    next_known: int | None = note.get("next_known")
    is_due = next_known is not None and next_known <= source.now
    try:
        if not is_due and can_be_told(source, changes, ties=ties):
            told = changed_values(source, changes, online)
            coming = [each for each in (next_known, told.next_known) if each is not None]
            return _few(told.keys, online) or Touched(
                told.undecided, min(coming, default=None), told.newer, told.gone, told.skipped, ties
            )
        keys = changed_keys(session.engine, source, changes)
    except DamagedTable as error:
        return f"what has changed cannot be read ({error.message})"
    if is_due:
        next_known = survey(session.engine, source).next_known
    if source.has_time and (is_due or source.expired_before is not None):
        keys = _distinct(keys, turned(session.engine, source, since))
    return _few(keys.num_rows, online) or Touched(keys, next_known, ties=ties)


def _few(changed: int, online: OnlineTable) -> str | None:
    """Why changes are too many to be published one by one, if they are."""
    count = online.count()
    return f"{changed} of {count} keys have changed" if changed > max(1_000, count * _MOST_CHANGED) else None


@dataclass(slots=True)
class Wrote:
    """What readers will see."""

    written: int = 0
    deleted: int = 0
    ties: bool = False
    """Whether a value was the latest of its key only by its place in the table."""


def _write(session: Session, source: Source, known: Survey, writer: Writer, asked: pa.Table | None = None) -> Wrote:
    """Put the latest values, and take away the keys that have none any more."""
    done, gone = Wrote(), asked
    for batch in latest(session.engine, source, known, asked):
        done.written += _put(source, writer, batch)
        done.ties = done.ties or any(chunk.true_count for chunk in batch.column(TIED).chunks)
        gone = None if gone is None else _without(gone, batch.select(list(source.keys)))
    done.deleted = _delete(writer, gone)
    return done


def _put(source: Source, writer: Writer, values: pa.Table | None) -> int:
    if values is None or not values.num_rows:
        return 0
    writer.put(values.select(list(source.keys)), values.select(list(source.features)),
               event=_clock(source, values, EVENT), known=_clock(source, values, KNOWN))  # fmt: skip
    return values.num_rows


def _delete(writer: Writer, keys: pa.Table | None) -> int:
    if keys is None or not keys.num_rows:
        return 0
    writer.delete(keys)
    return keys.num_rows


def _clock(source: Source, batch: pa.Table, name: str) -> pa.ChunkedArray | None:
    return batch.column(name) if source.has_time else None


def _without(keys: pa.Table, others: pa.Table) -> pa.Table:
    import polars as pl

    left, right = pl.DataFrame(pl.from_arrow(keys)), pl.DataFrame(pl.from_arrow(others))
    return left.join(right, on=left.columns, how="anti").to_arrow().cast(keys.schema)


def _distinct(keys: pa.Table, others: pa.Table) -> pa.Table:
    import polars as pl

    both = pl.DataFrame(pl.from_arrow(pa.concat_tables([keys, others.cast(keys.schema)])))
    return both.unique().to_arrow().cast(keys.schema)


def _told(
    session: Session, target: Target, source: Source, outcome: Outcome, *, written: int, skipped: int,
    because: str | None = None,
) -> Publication:  # fmt: skip
    """Tell the registry and the lineage graph of what readers see by now."""
    if written or outcome.mode == "SNAPSHOT":
        flow = ColumnFlow(direct={name: (name,) for name in source.features}, rows=tuple(source.keys))
        session.law.record_lineage(
            session.principal,
            [
                LineageEdge(
                    LineageNode(NodeKind.TABLE, source.table.name, outcome.version),
                    LineageNode(NodeKind.ONLINE_TABLE, target.name),
                    "PUBLISH",
                    columns=flow,
                )
            ],
        )
    target.registry.done(session.principal, target.name, outcome)
    known = target.declared
    return Publication(
        known.online_table, known.store, source.table.name, outcome.version, outcome.published_at, outcome.keys,
        written, outcome.mode, known.time_to_live, source.features, known.created_by, because, skipped,
    )  # fmt: skip
