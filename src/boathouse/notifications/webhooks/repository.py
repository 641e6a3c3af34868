"""The SQL of webhooks and of the position up to which events were told."""

import json
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from boathouse.foundation.event_filter import EventFilter
from boathouse.metastore import Database
from boathouse.metastore.upserting import insert_missing
from boathouse.notifications.schema import event_readers as readers
from boathouse.notifications.schema import webhooks as table
from boathouse.notifications.webhooks.nouns import Webhook

READER = "webhooks"


class WebhookRepository:
    """Reads and writes webhooks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Webhook]:
        with self._database.read() as connection:
            return [_webhook(row) for row in connection.execute(select(table).order_by(table.c.name_key))]

    def find(self, name: str) -> Webhook | None:
        """By its id or its name."""
        mine = or_(table.c.webhook_id == name, table.c.name_key == name.strip().lower())
        with self._database.read() as connection:
            row = connection.execute(select(table).where(mine)).first()
        return _webhook(row) if row else None

    def insert(self, connection: Connection, webhook: Webhook) -> bool:
        """False: the name is taken."""
        try:
            with connection.begin_nested():
                connection.execute(insert(table).values(**_values(webhook), updated_at=webhook.created_at))
        except IntegrityError:
            return False
        return True

    def update(self, connection: Connection, webhook: Webhook, now: int) -> bool:
        """False: the new name is taken."""
        mine = table.c.webhook_id == webhook.webhook_id
        try:
            with connection.begin_nested():
                connection.execute(update(table).where(mine).values(**_values(webhook), updated_at=now))
        except IntegrityError:
            return False
        return True

    def delete(self, connection: Connection, webhook_id: str) -> None:
        connection.execute(delete(table).where(table.c.webhook_id == webhook_id))

    # The position

    def position(self) -> int:
        """The last event that was looked at."""
        with self._database.read() as connection:
            return connection.execute(select(readers.c.position).where(readers.c.name == READER)).scalar() or 0

    def advance(self, connection: Connection, before: int, position: int) -> bool:
        """Go on, in the transaction that writes what follows; False when somebody else has."""
        if before == 0:
            insert_missing(connection, readers, [{"name": READER, "position": 0}])
        mine = (readers.c.name == READER) & (readers.c.position == before)
        return bool(connection.execute(update(readers).where(mine).values(position=position)).rowcount)


def pause_all(database: Database, now: int) -> int:
    """Pause every webhook, as their owners could; gives how many."""
    with database.write() as connection:
        paused = update(table).where(~table.c.is_paused).values(is_paused=True, updated_at=now)
        return connection.execute(paused).rowcount


def _values(webhook: Webhook) -> dict[str, Any]:
    return {
        "webhook_id": webhook.webhook_id,
        "name": webhook.name,
        "name_key": webhook.name.lower(),
        "destination": webhook.destination,
        "filter": json.dumps(webhook.wanted.model_dump(exclude_none=True), ensure_ascii=False),
        "is_paused": webhook.is_paused,
        "owner": webhook.owner,
        "since": webhook.since,
        "created_at": webhook.created_at,
    }


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        webhook_id=row.webhook_id,
        name=row.name,
        destination=row.destination,
        wanted=EventFilter.model_validate(json.loads(row.filter)),
        owner=row.owner,
        since=row.since,
        created_at=row.created_at,
        is_paused=row.is_paused,
    )
