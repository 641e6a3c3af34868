# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Publishing: the latest known value per key, from a feature table into an online store.

What readers see changes in one step. What is published where is declared before and told to the registry afterwards;
the truth lies in the store.
"""

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Literal

from boathouse.features.online.nouns import DEFAULT_STORE, NewPublication, Publication
from boathouse.features.online.publishing.continuing import publish_continuously
from boathouse.features.online.publishing.latest import published_features
from boathouse.features.online.publishing.once import Target, publish_once
from boathouse.features.online.publishing.sources import require_time
from boathouse.features.online.stores import OnlineRegistry, opened_store, registry_of
from boathouse.features.tables.feature_tables import feature_table
from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.foundation.names import TableName, quote_part, split_name
from boathouse.session import Session

log = logging.getLogger(__name__)

Mode = Literal["TRIGGERED", "CONTINUOUS", "SNAPSHOT"]


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
    require_time(table, time_to_live)
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


def _published_before(session: Session, registry: OnlineRegistry, online_table: str) -> Publication | None:
    try:
        return registry.publication(session.principal, online_table)
    except NotFound:
        return None


def _with_suffix(name: TableName) -> TableName:
    catalog, schema, last = split_name(str(name))
    return TableName.parse(".".join(map(quote_part, (catalog, schema, f"{last}_online"))))
