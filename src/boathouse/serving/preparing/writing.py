"""Keeps the snapshot as it should be: looks often whether anything has changed, and then resolves everything anew."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from boathouse.catalog import Catalog, LineageEdge, LineageNode, NodeKind
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.catalog.repository import generations
from boathouse.catalog.tokens import ISSUED
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, InvalidInput, Unavailable
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.serving.endpoints import repository as rows
from boathouse.serving.endpoints.nouns import ReadyState, Standing
from boathouse.serving.preparing.resolving import Given, Resolved, Resolving
from boathouse.serving.snapshot import files
from boathouse.serving.snapshot.nouns import KnownToken, LiveEndpoint, Snapshot

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
"""How often it is looked whether anything has changed."""
ANEW_SECONDS = 3.0
"""How often everything is resolved without a sign of change: files that went, passwords that changed, time that
passed. Less often where that takes long: it may use so much of the time and no more."""
ANEW_SHARE = 0.05
REST_SHARE, LONGEST_REST_SECONDS = 0.1, 1.0
"""Where something changes at every look, resolving may use so much of the time; but nothing waits longer for it."""
SERVES = "SERVES"
"""The operation of a lineage edge from a version to the endpoint that asks it."""

Seen = tuple[tuple[tuple[str, int], ...], int]
"""All counters, and the number of the newest event."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the snapshot comes from and goes to."""

    catalog: Catalog
    home: Home
    clock: Clock


class SnapshotWriter:
    """Writes the snapshot. One per control plane; ``look`` may be called by any thread."""

    def __init__(self, place: Place, resolving: Callable[[], Resolving], *, anew_seconds: float = ANEW_SECONDS) -> None:
        """
        Args:
            resolving: A resolver for one look.
            anew_seconds: 0: at every look.
        """
        self._catalog = place.catalog
        self._database = place.catalog.database
        self._home = place.home
        self._clock = place.clock
        self._resolving = resolving
        self._anew_seconds = anew_seconds
        self._lock = threading.Lock()
        self._seen: Seen | None = None
        self._others: Seen | None = None
        self._written: Snapshot | None = None
        self._anew_at = 0.0
        self._rests_until = 0.0

    def look(self) -> bool:
        """Write the snapshot if anything has changed since the last look; says whether it was written."""
        with self._lock:
            seen, now = self._sight(), time.monotonic()
            others = _without_tokens(seen)
            resolves = now >= self._anew_at or (others != self._others and now >= self._rests_until)
            if not resolves and seen == self._seen:
                return False
            is_written = self._write(only_tokens=not resolves)
            self._seen = seen
            if resolves:
                self._others = others
                self._rest(time.monotonic() - now)
            return is_written

    def _rest(self, took: float) -> None:
        now = time.monotonic()
        self._rests_until = now + min(took / REST_SHARE, LONGEST_REST_SECONDS)
        if self._anew_seconds:
            self._anew_at = now + max(self._anew_seconds, took / ANEW_SHARE)

    def _sight(self) -> Seen:
        with self._database.read() as connection:
            counters = generations.every(connection)
        return tuple(sorted(counters.items())), events.latest(self._database)

    def _write(self, *, only_tokens: bool) -> bool:
        before = self._written or self._on_disk()
        endpoints = before.endpoints if before is not None and only_tokens else self._endpoints(before)
        now = epoch_ms(self._clock.now())
        made = Snapshot(
            generation=before.generation + 1 if before else 1,
            written_at=now,
            endpoints=tuple(sorted(endpoints, key=lambda each: each.name)),
            tokens=self._tokens(),
        )
        if before is not None and replace(made, generation=before.generation, written_at=before.written_at) == before:
            self._written = before
            return False
        files.write(self._home, made)
        self._written = made
        return True

    def _on_disk(self) -> Snapshot | None:
        """What an earlier control plane has written: generations go on from there."""
        try:
            return files.read(self._home)
        except InvalidInput as error:
            log.warning("%s It is written anew.", error)
            return None

    def _tokens(self) -> dict[str, KnownToken]:
        return {
            digest: KnownToken(each.principal.name, each.principal.identities, each.principal.is_admin, each.expires_at)
            for digest, each in self._catalog.identities.valid_tokens().items()
        }

    # --- endpoints

    def _endpoints(self, before: Snapshot | None) -> list[LiveEndpoint]:
        stood = {each.endpoint_id: each for each in before.endpoints} if before else {}
        resolving = self._resolving()
        found: list[LiveEndpoint] = []
        for given in self._given():
            endpoint = given.endpoint
            try:
                resolved = resolving.resolve(given, epoch_ms(self._clock.now()))
            except Unavailable as error:  # what is needed is still starting: what stood stays
                log.info("Endpoint %s is looked at again: %s", endpoint.name, error)
                if endpoint.endpoint_id in stood:
                    found.append(stood[endpoint.endpoint_id])
                continue
            except Exception:  # one endpoint must not keep the others from changing
                log.exception("Endpoint %s could not be resolved; what stood stays.", endpoint.name)
                if endpoint.endpoint_id in stood:
                    found.append(stood[endpoint.endpoint_id])
                continue
            self._remember(given, resolved)
            found.append(resolved.live)
        return found

    def _given(self) -> list[Given]:
        with self._database.read() as connection:
            found = rows.every(connection)
            last = rows.newest_standings(connection, [each.endpoint_id for each in found])
            return [
                Given(
                    each,
                    rows.policy(connection, each.endpoint_id, each.policy_revision),
                    last.get(each.endpoint_id),
                )
                for each in found
            ]

    def _remember(self, given: Given, resolved: Resolved) -> None:
        """Keep what the endpoint means from now on, tell of it, and draw the lineage."""
        now, last = resolved.standing, given.last
        if last is not None and replace(now, since=last.since) == last:
            return
        told = _told(given, now)
        with self._database.write() as connection:
            rows.add_standing(connection, given.endpoint.endpoint_id, now)
            events.write(connection, told, now.since)
        try:
            self._catalog.lineage.record(SYSTEM, _edges(given.endpoint.name, now, last))
        except BoathouseError as error:
            log.warning("The lineage of endpoint %s was not drawn: %s", given.endpoint.name, error)


def _without_tokens(seen: Seen) -> Seen:
    """What of the sight concerns endpoints: every task brings a new token, which changes none of them."""
    return tuple(each for each in seen[0] if each[0] != ISSUED), seen[1]


def _told(given: Given, now: Standing) -> Sequence[NewEvent]:
    """That an endpoint has come alive, or asks others than before."""
    name, last = given.endpoint.name, given.last
    data = {
        "endpoint_id": given.endpoint.endpoint_id,
        "config_version": now.config_version,
        "state": now.state.value,
        "versions": {each.name: each.version for each in now.entities},
        "why": now.why,
    }
    was_ready = last is not None and last.state is ReadyState.READY
    if now.state is ReadyState.READY and not was_ready:
        return [NewEvent(EventType.ENDPOINT_READY, name, SYSTEM.name, data)]
    if last is not None and (now.state, now.entities, now.routes) != (last.state, last.entities, last.routes):
        return [NewEvent(EventType.ENDPOINT_CHANGED, name, SYSTEM.name, data)]
    return []


def _edges(name: str, now: Standing, last: Standing | None) -> list[LineageEdge]:
    """From each version that has come to be asked, to the endpoint."""
    known = {(each.entity, each.version) for each in last.entities} if last else set[tuple[str, int | None]]()
    answering = {route.entity_id for route in now.routes}
    target = LineageNode(NodeKind.ENDPOINT, name, now.config_version)
    return [
        LineageEdge(_node(entity, version), target, SERVES)
        for entity, version in dict.fromkeys(
            (each.entity, each.version) for each in now.entities if each.entity_id in answering
        )
        if (entity, version) not in known
    ]


def _node(entity: str, version: int | None) -> LineageNode:
    kind = NodeKind.FUNCTION if version is None else NodeKind.MODEL_VERSION
    return LineageNode(kind, entity, version)
