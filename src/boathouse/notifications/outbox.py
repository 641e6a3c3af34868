"""The outbox: messages are written in the transaction that they tell of, and stay until they have arrived.

A message that is being sent is put off for a while; when the sender dies, somebody tries again after that. So a message
arrives at least once, and its delivery id tells a second arrival.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from boathouse.foundation.ids import new_id
from boathouse.metastore import Database
from boathouse.notifications.messages import Delivery, DeliveryState, Message
from boathouse.notifications.schema import notification_outbox as outbox

SENDING_SECONDS = 30
"""How long one attempt may take before somebody else makes another."""
RETRY_SECONDS = (5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600)
"""Between the attempts; after the last one a message is given up: about twelve hours later."""
_BATCH = 1000
_LONGEST_ERROR = 1000


def write(connection: Connection, messages: Iterable[Message], now: int) -> None:
    """Put messages into the outbox, within somebody's transaction."""
    rows = [
        {
            "delivery_id": new_id(),
            "event_type": message.event_type,
            "destination": message.destination,
            "is_email": message.is_email,
            "job_id": message.job_id,
            "run_id": message.run_id,
            "webhook_id": message.webhook_id,
            "payload": json.dumps(message.payload, ensure_ascii=False),
            "created_at": now,
            "state": DeliveryState.PENDING.value,
            "attempts": 0,
            "next_attempt_at": now,
        }
        for message in messages
    ]
    if rows:
        connection.execute(insert(outbox), rows)


class Outbox:
    """Hands out messages to be sent, and keeps what became of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, message: Message, now: int) -> None:
        """A message that tells of no transaction."""
        with self._database.write() as connection:
            write(connection, [message], now)

    def take(
        self, now: int, limit: int, *, per_destination: int | None = None, busy: Mapping[str, int] | None = None
    ) -> list[Delivery]:
        """Messages whose time has come, put off for as long as one attempt may take.

        Of each destination at most ``per_destination``, less what is ``busy`` there already: one that does not answer
        keeps nobody else waiting.
        """
        taken: list[Delivery] = []
        shares = Counter(busy or {})
        while len(taken) < limit:
            full = [name for name, share in shares.items() if per_destination is not None and share >= per_destination]
            candidates = self._due(now, limit - len(taken), full)
            if not candidates:
                break
            for each in candidates:
                if per_destination is not None and shares[each.destination] >= per_destination:
                    continue
                shares[each.destination] += 1
                if self._put_off(each, now):
                    taken.append(each)
        return taken

    def _due(self, now: int, limit: int, besides: Sequence[str]) -> list[Delivery]:
        query = select(outbox).where(outbox.c.next_attempt_at <= now)
        if besides:
            query = query.where(outbox.c.destination.not_in(besides))
        with self._database.read() as connection:
            ordered = query.order_by(outbox.c.next_attempt_at, outbox.c.sequence).limit(limit)
            return [_delivery(row) for row in connection.execute(ordered)]

    def _put_off(self, each: Delivery, now: int) -> bool:
        same = (outbox.c.sequence == each.sequence) & (outbox.c.next_attempt_at == each.next_attempt_at)
        values = {"next_attempt_at": now + SENDING_SECONDS * 1000, "attempts": each.attempts + 1}
        with self._database.write() as connection:
            return bool(connection.execute(update(outbox).where(same).values(values)).rowcount)

    def delivered(self, delivery: Delivery, now: int) -> None:
        values = {"state": DeliveryState.DELIVERED.value, "delivered_at": now, "next_attempt_at": None, "error": None}
        self._keep(delivery, values)

    def failed(self, delivery: Delivery, error: str, now: int, *, for_good: bool = False) -> None:
        """Try again later, or give up."""
        attempt = delivery.attempts
        is_over = for_good or attempt >= len(RETRY_SECONDS)
        values = {
            "state": (DeliveryState.DEAD if is_over else DeliveryState.PENDING).value,
            "next_attempt_at": None if is_over else now + RETRY_SECONDS[attempt] * 1000,
            "error": error[:_LONGEST_ERROR],
        }
        self._keep(delivery, values)

    def retry(self, sequences: Iterable[int], now: int, *, webhook_id: str | None = None) -> int:
        """Begin again with messages that were given up, of one webhook or of all; gives their number."""
        dead = outbox.c.sequence.in_(list(sequences)) & (outbox.c.state == DeliveryState.DEAD.value)
        if webhook_id is not None:
            dead &= outbox.c.webhook_id == webhook_id
        values = {"state": DeliveryState.PENDING.value, "attempts": 0, "next_attempt_at": now}
        with self._database.write() as connection:
            return connection.execute(update(outbox).where(dead).values(values)).rowcount

    def list(
        self, *, state: DeliveryState | None = None, run_id: int | None = None, webhook_id: str | None = None,
        event_types: Sequence[str] | None = None, limit: int = 100, before: int | None = None,
    ) -> list[Delivery]:  # fmt: skip
        """Newest first; ``before`` is the number that the previous page ended with."""
        query = select(outbox).order_by(outbox.c.sequence.desc()).limit(limit)
        if state is not None:
            query = query.where(outbox.c.state == state.value)
        if run_id is not None:
            query = query.where(outbox.c.run_id == run_id)
        if webhook_id is not None:
            query = query.where(outbox.c.webhook_id == webhook_id)
        if event_types is not None:
            query = query.where(outbox.c.event_type.in_(event_types))
        if before is not None:
            query = query.where(outbox.c.sequence < before)
        with self._database.read() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def _keep(self, delivery: Delivery, values: dict[str, Any]) -> None:
        """Only while nobody has seen to its end."""
        is_open = (outbox.c.sequence == delivery.sequence) & (outbox.c.state == DeliveryState.PENDING.value)
        with self._database.write() as connection:
            connection.execute(update(outbox).where(is_open).values(values))


def give_up(connection: Connection, webhook_id: str, why: str) -> None:
    """Send nothing more of what a webhook was going to tell, in the transaction that ends it."""
    waits = (outbox.c.webhook_id == webhook_id) & (outbox.c.state == DeliveryState.PENDING.value)
    values = {"state": DeliveryState.DEAD.value, "next_attempt_at": None, "error": why}
    connection.execute(update(outbox).where(waits).values(values))


def give_up_all(database: Database, why: str) -> int:
    """Send nothing of what waits, unless somebody asks to try again; gives the number of messages."""
    values = {"state": DeliveryState.DEAD.value, "next_attempt_at": None, "error": why}
    with database.write() as connection:
        waits = outbox.c.state == DeliveryState.PENDING.value
        return connection.execute(update(outbox).where(waits).values(values)).rowcount


def forget_old(database: Database, *, delivered_before: int, dead_before: int) -> int:
    """Remove messages that nobody waits for any more; gives their number."""
    is_old = ((outbox.c.state == DeliveryState.DELIVERED.value) & (outbox.c.created_at < delivered_before)) | (
        (outbox.c.state == DeliveryState.DEAD.value) & (outbox.c.created_at < dead_before)
    )
    total = 0
    while True:
        with database.write() as connection:
            query = select(outbox.c.sequence).where(is_old, outbox.c.created_at < max(delivered_before, dead_before))
            found = list(connection.execute(query.limit(_BATCH)).scalars())
            connection.execute(delete(outbox).where(outbox.c.sequence.in_(found)))
        total += len(found)
        if len(found) < _BATCH:
            return total


_PLAIN = tuple(name for name in Delivery.__slots__ if name not in ("payload", "state"))


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        payload=json.loads(row.payload),
        state=DeliveryState(row.state),
        **{name: getattr(row, name) for name in _PLAIN},
    )
