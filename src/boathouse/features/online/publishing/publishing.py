# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Publishing: the latest known value per key, from a feature table into an online store.

What readers see changes in one step, with a note of the version and the instant it stands for. That note lies beside
the values in the store, so it is always true; the registry is told afterwards. Whoever publishes next begins there.
"""

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event
from typing import Any, Literal

import pyarrow as pa

from boathouse.catalog import ColumnFlow, LineageEdge, LineageNode, NodeKind
from boathouse.features.online.contract import OnlineSchema, OnlineStore, OnlineTable, Writer
from boathouse.features.online.moments import milliseconds_now, run_instant
from boathouse.features.online.nouns import DEFAULT_STORE, NewPublication, Outcome, Publication
from boathouse.features.online.publishing.appended import appended, can_be_told
from boathouse.features.online.publishing.changes import Unknown, changed_keys, changes_since
from boathouse.features.online.publishing.latest import (
    EVENT,
    KNOWN,
    Source,
    Survey,
    has_ties,
    latest,
    published_features,
    survey,
    turned,
)
from boathouse.features.online.stores import OnlineRegistry, opened_store, registry_of
from boathouse.features.tables.feature_tables import FeatureTable, feature_table, feature_table_of
from boathouse.features.tables.opening import feature_table_at
from boathouse.foundation.errors import BoathouseError, InvalidInput, NotFound
from boathouse.foundation.names import TableName, quote_part, split_name
from boathouse.lake import DamagedTable
from boathouse.lake.log import DeltaLog
from boathouse.session import Session

log = logging.getLogger(__name__)

Mode = Literal["TRIGGERED", "CONTINUOUS", "SNAPSHOT"]

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


def publish(
    session: Session,
    source_table_name: str,
    *,
    store: str | None = None,
    online_table: str | None = None,
    mode: Mode = "TRIGGERED",
    features: Sequence[str] | None = None,
    time_to_live: timedelta | None = None,
    stop: Event | None = None,
) -> Publication:
    """Publish a feature table. What is not said stays as it was published before: the store, the features, the time to
    live.

    Args:
        stop: Ends a ``CONTINUOUS`` publication; without it, SIGTERM and SIGINT do.

    Raises:
        Denied, NotFound: The principal may not read and write the source; there is no such store.
        InvalidInput: The source is no feature table, or what is asked for cannot be published.
        Conflict: Somebody else is publishing; or the online table is that of another source.
        Unavailable: The store does not answer. Readers see what they saw before.
    """
    wanted = str(mode).upper()
    with _target(session, source_table_name, store, online_table, wanted, features, time_to_live) as target:
        if wanted != "CONTINUOUS":
            return publish_once(session, target, everything=wanted == "SNAPSHOT")
        from boathouse.features.online.publishing.continuing import publish_continuously

        return publish_continuously(session, target, stop)


def unpublish(session: Session, online_table: str, *, force: bool = False) -> None:
    """Take an online table away.

    Args:
        force: Even if its store does not answer; what lies in it stays there.

    Raises:
        NotFound: Nothing is published under that name.
    """
    registry = registry_of(session)
    known = registry.publication(session.principal, online_table)
    try:
        store = opened_store(session, known.store)
        try:
            store.drop(known.online_table)
        finally:
            store.close()
    except BoathouseError:
        if not force:
            raise
        log.warning("The online store %s does not answer; %s is forgotten all the same.", known.store, online_table)
    registry.forget(session.principal, known.online_table)


def publish_once(session: Session, target: Target, *, everything: bool) -> Publication:
    """One publication: of everything, or of what has changed."""
    source, table_id = open_source(session, target.declared)
    because: str | None = None
    if not everything:
        done = _publish_changes(session, target, source, table_id)
        if isinstance(done, Publication):
            return done
        because = done
    with target.store.begin(target.name, _schema(source), keep=False, wait_seconds=WAIT_SECONDS) as writer:
        source, table_id = _newest(session, target, source, table_id)
        known = survey(session.engine, source)
        written = _write(session, source, known, writer)
        note = _note(source, table_id, known.next_known, ties=_has_ties(session, source, known, written))
        keys = writer.commit(note)
    return _told(session, target, source, Outcome(source.snapshot.version, note["published_at"], keys, "SNAPSHOT"),
                 written=written, skipped=known.skipped, because=because)  # fmt: skip


def open_source(session: Session, declared: Publication, version: int | None = None, now: int | None = None
) -> tuple[Source, str]:  # fmt: skip
    """The source of a publication as it is now, or as it was published; and the id of its table."""
    name = TableName.parse(declared.source_table)
    opened = session.open_tables([name], {} if version is None else {name: version})[0]
    table = feature_table_of(opened.table)
    features = published_features(feature_table_at(opened), declared.features)
    _require_features(table, features)
    _require_time(table, declared.time_to_live)
    moment = run_instant() if now is None else now
    return Source(table, opened.snapshot, features, moment, declared.time_to_live), opened.table.securable.id


@contextmanager
def _target(
    session: Session, source: str, store: str | None, online_table: str | None, mode: str,
    features: Sequence[str] | None, time_to_live: timedelta | None,
) -> Generator[Target]:  # fmt: skip
    """Declare what shall be published, and open the store."""
    registry, name = registry_of(session), TableName.parse(source)
    published_as = TableName.parse(online_table) if online_table else _with_suffix(name)
    before = _published_before(session, registry, str(published_as))
    table = feature_table(session, name)
    chosen = tuple(features) if features is not None else before.features if before else ()
    published_features(table, chosen)
    _require_time(table, time_to_live)
    new = NewPublication(
        str(published_as),
        store or (before.store if before else DEFAULT_STORE),
        table.name,
        mode,
        chosen,
        time_to_live if time_to_live is not None else before.time_to_live if before else None,
    )
    declared = registry.declare(session.principal, new)
    there = opened_store(session, new.store)
    try:
        yield Target(registry, declared, there)
    finally:
        there.close()


def _publish_changes(session: Session, target: Target, source: Source, table_id: str) -> Publication | str:
    """Publish what has changed; or why that is not possible."""
    found = target.store.table(target.name)
    if found is None:
        return "nothing was published before"
    if found.schema != _schema(source):
        return "the columns, keys or time to live have changed"
    with target.store.begin(target.name, _schema(source), keep=True, wait_seconds=WAIT_SECONDS) as writer:
        source, table_id = _newest(session, target, source, table_id)
        online = target.store.table(target.name)
        if online is None or online.schema != _schema(source):
            return "the columns, keys or time to live have changed"
        touched = _touched(session, source, table_id, online)
        if isinstance(touched, str):
            return touched
        known = survey(session.engine, source, touched.keys) if touched.keys.num_rows else Survey(0, 0, None, 0, 0)
        written = _put(source, writer, touched.newer) if touched.newer is not None else 0
        ties = touched.ties
        if touched.keys.num_rows:
            written += _write(session, source, known, writer, touched.keys)
            ties = ties or _has_ties(session, source, known, touched.keys.num_rows, touched.keys)
        coming = [each for each in (touched.next_known, known.next_known) if each is not None]
        note = _note(source, table_id, min(coming, default=None), ties=ties)
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
    """Values that are newer than what is online."""
    skipped: int = 0
    ties: bool = True
    """Whether a value that is online may be the latest of its key only by its place in the table."""


def _touched(session: Session, source: Source, table_id: str, online: OnlineTable) -> Touched | str:
    """What may have changed; or why nobody can tell."""
    note = online.meta
    same = {**_note(source, table_id, None), "version": note.get("version")}
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
        if not is_due and can_be_told(source, changes):
            told = appended(source, changes, online)
            coming = [each for each in (next_known, told.next_known) if each is not None]
            return _few(told.keys, online) or Touched(
                told.undecided, min(coming, default=None), told.newer, told.skipped, ties
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


def _write(
    session: Session, source: Source, known: Survey, writer: Writer, asked: pa.Table | None = None
) -> int:  # fmt: skip
    """Put the latest values, and take away the keys that have none any more; gives how many keys that were."""
    written, gone = 0, asked
    for batch in latest(session.engine, source, known, asked):
        written += _put(source, writer, batch)
        gone = None if gone is None else _without(gone, batch.select(list(source.keys)))
    if gone is not None and gone.num_rows:
        writer.delete(gone)
        written += gone.num_rows
    return written


def _has_ties(session: Session, source: Source, known: Survey, keys: int, asked: pa.Table | None = None) -> bool:
    """Whether the order of rows makes a difference; not asked where each key has one row."""
    return known.rows - known.skipped > keys and has_ties(session.engine, source, known, asked)


def _put(source: Source, writer: Writer, values: pa.Table) -> int:
    if values.num_rows:
        writer.put(values.select(list(source.keys)), values.select(list(source.features)),
                   event=_clock(source, values, EVENT), known=_clock(source, values, KNOWN))  # fmt: skip
    return values.num_rows


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


def _schema(source: Source) -> OnlineSchema:
    return OnlineSchema(_plain(source.key_schema), _plain(source.feature_schema), source.time_to_live)


def _plain(schema: pa.Schema) -> pa.Schema:
    """Names and types; whether a column may be null, and comments, make no difference online."""
    return pa.schema([pa.field(field.name, field.type) for field in schema])


def _note(source: Source, table_id: str, next_known: int | None, *, ties: bool = False) -> dict[str, Any]:
    """What lies beside the values: of what they are the image, and for which instant."""
    table, fields = source.table, source.snapshot.fields
    return {
        "source": table.name,
        "source_id": table_id,
        "version": source.snapshot.version,
        "now": source.now,
        "next_known": next_known,
        "ties": ties,
        "published_at": milliseconds_now(),
        "keys": list(source.keys),
        "clocks": clocks_of(table),
        "columns": {name: fields[name] for name in [*source.keys, *source.features]},
        "time_to_live_seconds": None if source.time_to_live is None else source.time_to_live.total_seconds(),
    }


def clocks_of(table: FeatureTable) -> list[Any]:
    """Event and known time, as the note has them."""
    return [table.timeseries_column, table.known.column, table.known.lag.total_seconds()]


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


def _require_features(table: FeatureTable, features: Sequence[str]) -> None:
    if not features:
        raise InvalidInput(f"Feature table {table.name} has no features to publish, only keys and clocks.")


def _require_time(table: FeatureTable, time_to_live: timedelta | None) -> None:
    if time_to_live is not None and table.timeseries_column is None:
        raise InvalidInput(
            f"{table.name} has no time column, so its values cannot expire.", hint="Leave the time to live out."
        )


def _published_before(session: Session, registry: OnlineRegistry, online_table: str) -> Publication | None:
    try:
        return registry.publication(session.principal, online_table)
    except NotFound:
        return None


def _with_suffix(name: TableName) -> TableName:
    catalog, schema, last = split_name(str(name))
    return TableName.parse(".".join(map(quote_part, (catalog, schema, f"{last}_online"))))
