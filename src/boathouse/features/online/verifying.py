# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Is what readers see what was published? The online table against the feature table at the published version."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from boathouse.features.online.contract import OnlineTable
from boathouse.features.online.nouns import Publication
from boathouse.features.online.publishing.latest import EVENT, KNOWN, Source, Survey, latest_sql, survey
from boathouse.features.online.publishing.sources import clocks_of, open_source
from boathouse.features.online.stores import opened_store, registry_of
from boathouse.features.tables.feature_tables import feature_table
from boathouse.foundation.errors import BoathouseError, Conflict, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.lake import EngineQuery, VersionNotFound
from boathouse.lake.schema import identifier
from boathouse.session import Session

_EXAMPLES = 5
_TRIES = 3
"""How often the comparison begins anew because somebody has published meanwhile."""
_CLOCKS = {EVENT: "event time", KNOWN: "known time"}


@dataclass(frozen=True, slots=True)
class Verification:
    """How an online table compares with its source at the version that was published."""

    online_table: str
    source_table: str
    version: int
    compared: int
    """Keys that both have."""
    missing: int
    """Keys that readers should find, and do not."""
    extra: int
    """Keys that readers find, and should not."""
    mismatches: dict[str, int]
    """By feature, and for the event and known time: the keys whose values differ."""
    examples: tuple[dict[str, Any], ...] = ()
    """Some keys that are missing, extra or different: the key, what is wrong, and both values."""
    sampled: bool = False
    """Whether only some keys were compared; extra keys are not looked for then."""

    @property
    def matches(self) -> bool:
        return not (self.missing or self.extra or any(self.mismatches.values()))

    @property
    def rates(self) -> dict[str, float]:
        """By feature, the share of the keys compared whose values differ."""
        return {name: count / self.compared if self.compared else 0.0 for name, count in self.mismatches.items()}


def verify(session: Session, online_table: str, *, sample: int | None = None) -> Verification:
    """Compare an online table with its source, at the version and the instant that were published.

    Args:
        sample: Compare only so many keys; all by default.

    Raises:
        NotFound: Nothing is published under that name.
        Conflict: The published version of the source cannot be read any more, or it has other keys or clocks by now;
            or somebody publishes over and over.
        Unavailable: The store does not answer.
    """
    if sample is not None and sample < 1:
        raise InvalidInput(f"A sample of {sample} keys compares nothing.", hint="Give a positive number, or none.")
    registry = registry_of(session)
    known = registry.publication(session.principal, online_table)
    with _opened(session, known.store, known.online_table) as online:
        for _ in range(_TRIES):
            note = online.meta
            try:
                found = _compared_once(session, known, online, note, sample)
            except (BoathouseError, KeyError):
                if online.meta == note:
                    raise
                continue
            if online.meta == note:
                return found
    raise Conflict(f"{known.online_table} was published while it was compared.", hint="Compare it again.")


def _compared_once(
    session: Session, known: Publication, online: OnlineTable, note: Mapping[str, Any], sample: int | None
) -> Verification:
    """Right only if nobody has published meanwhile."""
    source = _source(session, known, online, note)
    clocks = survey(session.engine, source)
    counts = _counts(session, source, clocks, online, sample)
    examples = _examples(session, source, clocks, online, sample) if any(list(counts.values())[1:]) else ()
    return Verification(
        known.online_table, known.source_table, source.snapshot.version,
        compared=counts.pop("__compared"), missing=counts.pop("__missing"), extra=counts.pop("__extra"),
        mismatches={_CLOCKS.get(name, name): count for name, count in counts.items()}, examples=examples,
        sampled=sample is not None,
    )  # fmt: skip


def _source(session: Session, known: Publication, online: OnlineTable, note: Mapping[str, Any]) -> Source:
    """The source as it was published; what the registry was told last may not have been published yet."""
    table, schema = feature_table(session, TableName.parse(known.source_table)), online.schema
    seen = replace(known, features=tuple(schema.features.names), time_to_live=schema.time_to_live)
    anew = f"Publish it anew: boathouse features publish {known.source_table}"
    if note["keys"] != list(table.entity_keys) or note["clocks"] != clocks_of(table):
        raise Conflict(
            f"{known.source_table} has other keys or clocks than when it was published as {known.online_table}.",
            hint=anew,
        )
    try:
        source, table_id = open_source(session, seen, int(note["version"]), int(note["now"]))
    except VersionNotFound as error:
        raise Conflict(
            f"Version {note['version']} of {known.source_table}, published as {known.online_table}, is gone.", hint=anew
        ) from error
    if table_id != note.get("source_id"):
        raise Conflict(
            f"{known.source_table} is another table than the one that is published as {known.online_table}.", hint=anew
        )
    return source


def _counts(
    session: Session, source: Source, clocks: Survey, online: OnlineTable, sample: int | None
) -> dict[str, int]:
    differ = [
        f"(count(*) FILTER (o.__here AND p.__here AND {_differs(name)}))::BIGINT AS {identifier(name)}"
        for name in _compared(source)
    ]
    text = (
        "SELECT (count(*) FILTER (o.__here AND p.__here))::BIGINT AS __compared, "
        "(count(*) FILTER (o.__here IS NULL))::BIGINT AS __missing, "
        f"(count(*) FILTER (p.__here IS NULL))::BIGINT AS __extra, {', '.join(differ)} "
        f"FROM {_both(source, clocks, sample)}"
    )
    found = session.engine.run(EngineQuery(text, **_sources(source, online))).arrow()
    return {name: found.column(name)[0].as_py() for name in found.schema.names}


def _examples(
    session: Session, source: Source, clocks: Survey, online: OnlineTable, sample: int | None
) -> tuple[dict[str, Any], ...]:  # fmt: skip
    compared = _compared(source)
    wrong = " OR ".join(["o.__here IS NULL", "p.__here IS NULL", *map(_differs, compared)])
    sides = ", ".join(
        f"{side}.{identifier(name)} AS {identifier(f'{side}.{name}')}" for side in ("p", "o") for name in compared
    )
    keys = ", ".join(identifier(key) for key in source.keys)
    text = (
        f"SELECT {keys}, p.__here AS __offline, o.__here AS __online, {sides} FROM {_both(source, clocks, sample)} "
        f"WHERE {wrong} LIMIT {_EXAMPLES}"
    )
    rows = session.engine.run(EngineQuery(text, **_sources(source, online))).arrow().to_pylist()
    return tuple(_example(row, source.keys, compared) for row in rows)


def _example(row: dict[str, Any], keys: Sequence[str], compared: Sequence[str]) -> dict[str, Any]:
    key = {name: row[name] for name in keys}
    if row["__online"] is None or row["__offline"] is None:
        return {"key": key, "what": "missing" if row["__online"] is None else "extra"}
    values = {
        _CLOCKS.get(name, name): {"offline": row[f"p.{name}"], "online": row[f"o.{name}"]}
        for name in compared
        if repr(row[f"p.{name}"]) != repr(row[f"o.{name}"])
    }
    return {"key": key, "what": "different", "values": values}


def _both(source: Source, clocks: Survey, sample: int | None) -> str:
    """Each key with what was published (``p``) and what readers see (``o``)."""
    keys = ", ".join(identifier(key) for key in source.keys)
    published = f"(SELECT *, true AS __here FROM ({latest_sql(source, clocks, sample=sample)})) AS p"
    kind = "FULL OUTER" if sample is None else "LEFT"
    return f"{published} {kind} JOIN (SELECT *, true AS __here FROM online) AS o USING ({keys})"


def _compared(source: Source) -> list[str]:
    return [*source.features, *([EVENT, KNOWN] if source.has_time else [])]


def _differs(name: str) -> str:
    """NaN equals NaN, and null equals null."""
    return f"p.{identifier(name)} IS DISTINCT FROM o.{identifier(name)}"


def _sources(source: Source, online: OnlineTable) -> dict[str, Any]:
    return {"snapshots": {"source": source.snapshot}, "arrow": {"online": _stream(source, online)}}


def _stream(source: Source, online: OnlineTable) -> pa.RecordBatchReader:
    clocks = [pa.field(name, pa.int64()) for name in (EVENT, KNOWN)]
    schema = pa.schema([*source.key_schema, *clocks, *source.feature_schema])
    schema = pa.schema([pa.field(field.name, field.type) for field in schema])

    def batches() -> Iterator[pa.RecordBatch]:
        for table in online.scan():
            yield from table.select(schema.names).cast(schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())


@contextmanager
def _opened(session: Session, store: str, online_table: str) -> Generator[OnlineTable]:
    opened = opened_store(session, store)
    try:
        found = opened.table(online_table)
        if found is None:
            raise NotFound(
                f"The online store {store} holds no {online_table}.",
                hint="Publish it: boathouse features publish TABLE",
            )
        yield found
    finally:
        opened.close()
