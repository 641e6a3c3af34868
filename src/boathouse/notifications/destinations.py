"""Where messages can go. Administrators make destinations, since a request goes out from the server's own network:
a webhook may point at a private address because an administrator has said so. Everybody may name them in jobs."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput, NotFound, did_you_mean
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.notifications.configs import KINDS, read_config, shown
from boathouse.notifications.messages import Delivery, DeliveryState, Message
from boathouse.notifications.outbox import Outbox
from boathouse.notifications.schema import notification_destinations as table

_SERVICE = "notifications"


class DestinationNotFound(NotFound):
    """There is no such notification destination."""


class Auditor(Protocol):
    """Writes down who did what; the catalog does."""

    def verb(
        self, principal: Principal, service: str, action: str, *, params: Mapping[str, Any] | None = None
    ) -> AbstractContextManager[Any]: ...


class Safe(Protocol):
    """Keeps what nobody may read in the database: addresses that are passwords, keys."""

    def put(self, name: str, value: bytes) -> None: ...
    def get(self, name: str) -> bytes: ...
    def remove(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Destination:
    """A place that messages can go to."""

    destination_id: str
    name: str
    kind: str
    config: Mapping[str, Any]
    """As it may be shown."""
    created_at: int
    created_by: str

    @property
    def type(self) -> str:
        return KINDS[self.kind]


class Destinations:
    """The verbs on destinations and on what was sent to them."""

    def __init__(self, database: Database, auditor: Auditor, safe: Safe, clock: Clock) -> None:
        self._database = database
        self._auditor = auditor
        self._safe = safe
        self._clock = clock
        self._outbox = Outbox(database)

    def create(
        self, principal: Principal, name: str, config: Mapping[str, Any]
    ) -> tuple[Destination, Mapping[str, Any]]:
        """A new destination, and its whole config, which is told this once.

        Raises:
            AlreadyExists: The name is taken.
            Denied: Only administrators may.
        """
        with self._auditor.verb(principal, _SERVICE, "createDestination", params={"name": name}):
            _require_admin(principal, "make notification destinations")
            kind, details = read_config(config)
            made = Destination(
                new_id(), _checked(name), kind, shown(kind, details), epoch_ms(self._clock.now()), principal.name
            )
            self._safe.put(made.destination_id, json.dumps(details).encode())
            try:
                with self._database.write() as connection:
                    connection.execute(insert(table).values(_values(made, made.created_at)))
            except IntegrityError as error:
                self._safe.remove(made.destination_id)
                raise AlreadyExists(f"There is a notification destination {name!r} already.") from error
            return made, {kind: details}

    def list(self, principal: Principal) -> Sequence[Destination]:
        """All destinations, by name."""
        with self._auditor.verb(principal, _SERVICE, "listDestinations"):
            with self._database.read() as connection:
                return [_destination(row) for row in connection.execute(select(table).order_by(table.c.name_key))]

    def get(self, principal: Principal, destination: str) -> Destination:
        """One destination, by its id or its name."""
        with self._auditor.verb(principal, _SERVICE, "getDestination", params={"id": destination}):
            return self._require(destination)

    def update(
        self, principal: Principal, destination: str, *, name: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> Destination:  # fmt: skip
        """Rename a destination, or let it point somewhere else; what waits for it goes there too."""
        with self._auditor.verb(principal, _SERVICE, "updateDestination", params={"id": destination}):
            _require_admin(principal, "change notification destinations")
            found = self._require(destination)
            kind, details = read_config(config) if config else (found.kind, None)
            changed = Destination(
                found.destination_id,
                _checked(name) if name else found.name,
                kind,
                shown(kind, details) if details else found.config,
                found.created_at,
                found.created_by,
            )
            mine = table.c.destination_id == found.destination_id
            try:
                with self._database.write() as connection:
                    connection.execute(update(table).where(mine).values(_values(changed, epoch_ms(self._clock.now()))))
            except IntegrityError as error:
                raise AlreadyExists(f"There is a notification destination {name!r} already.") from error
            if details is not None:
                self._safe.put(found.destination_id, json.dumps(details).encode())
            return changed

    def delete(self, principal: Principal, destination: str) -> None:
        """Forget a destination; what jobs still send to it is given up, and can be seen."""
        with self._auditor.verb(principal, _SERVICE, "deleteDestination", params={"id": destination}):
            _require_admin(principal, "delete notification destinations")
            found = self._require(destination)
            with self._database.write() as connection:
                connection.execute(delete(table).where(table.c.destination_id == found.destination_id))
            self._safe.remove(found.destination_id)

    def test(self, principal: Principal, destination: str) -> None:
        """Send a message that says nothing but that it has arrived."""
        with self._auditor.verb(principal, _SERVICE, "testDestination", params={"id": destination}):
            _require_admin(principal, "test notification destinations")
            found = self._require(destination)
            now = epoch_ms(self._clock.now())
            payload = {"event_type": "notifications.test", "workspace_id": "1", "timestamp_ms": now}
            self._outbox.put(Message("notifications.test", found.destination_id, payload), now)

    # What was sent

    def deliveries(
        self, principal: Principal, *, state: DeliveryState | None = None, run_id: int | None = None, limit: int = 100,
        before: int | None = None,
    ) -> Sequence[Delivery]:  # fmt: skip
        """Messages with what became of them, newest first."""
        with self._auditor.verb(principal, _SERVICE, "listDeliveries"):
            _require_admin(principal, "see what was sent to whom")
            return self._outbox.list(state=state, run_id=run_id, limit=limit, before=before)

    def retry(self, principal: Principal, sequences: Sequence[int]) -> int:
        """Try again what was given up; gives the number of messages."""
        with self._auditor.verb(principal, _SERVICE, "retryDeliveries", params={"deliveries": sequences}):
            _require_admin(principal, "send messages again")
            return self._outbox.retry(sequences, epoch_ms(self._clock.now()))

    # For other parts of this room

    def named(self, destination: str) -> Destination:
        """A destination by its id or its name, as everybody may name it.

        Raises:
            DestinationNotFound: There is none.
        """
        return self._require(destination)

    def details(self, destination: str) -> tuple[Destination, Mapping[str, Any]]:
        """A destination with everything that it takes to reach it.

        Raises:
            DestinationNotFound: It is gone.
        """
        found = self._require(destination)
        return found, json.loads(self._safe.get(found.destination_id))

    def _require(self, destination: str) -> Destination:
        with self._database.read() as connection:
            row = connection.execute(select(table).where(_is(destination))).first()
            known = [] if row else connection.execute(select(table.c.name)).scalars().all()
        if row is None:
            raise DestinationNotFound(
                f"There is no notification destination {destination!r}.",
                hint=did_you_mean(destination, known) or "List them with: boathouse notifications list",
            )
        return _destination(row)


def require_known(connection: Connection, destinations: Sequence[str]) -> None:
    """Refuse names that no destination has, in the transaction that writes them into a job.

    Raises:
        InvalidInput: There is one.
    """
    for destination in dict.fromkeys(destinations):
        if connection.execute(select(table.c.name).where(_is(destination))).first() is None:
            known = connection.execute(select(table.c.name)).scalars().all()
            raise InvalidInput(
                f"There is no notification destination {destination!r}.",
                hint=did_you_mean(destination, known) or "List them with: boathouse notifications list",
            )


def _is(destination: str) -> Any:
    return or_(table.c.destination_id == destination, table.c.name_key == destination.strip().lower())


def _require_admin(principal: Principal, what: str) -> None:
    if not principal.is_admin:
        raise Denied(f"{principal} may not {what}: only administrators may.")


def _checked(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 200 or not name.isprintable():
        raise InvalidInput(f"{name[:200]!r} is no name for a destination.", hint="Use 1 to 200 printable characters.")
    return name


def _values(destination: Destination, now: int) -> dict[str, Any]:
    return {
        "destination_id": destination.destination_id,
        "name": destination.name,
        "name_key": destination.name.lower(),
        "kind": destination.kind,
        "config": json.dumps(destination.config),
        "created_at": destination.created_at,
        "created_by": destination.created_by,
        "updated_at": now,
    }


def _destination(row: Row[Any]) -> Destination:
    return Destination(row.destination_id, row.name, row.kind, json.loads(row.config), row.created_at, row.created_by)
