"""Destinations and a courier over one database, with a clock that the test moves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.metastore import Database
from boathouse.notifications.courier import Courier
from boathouse.notifications.destinations import Destinations
from boathouse.notifications.messages import Message
from boathouse.notifications.outbox import Outbox
from boathouse.notifications.senders.mail import MailServer
from boathouse.wiring.background import SecretsSafe

PAYLOAD: dict[str, Any] = {
    "event_type": "jobs.on_failure",
    "workspace_id": "0",
    "run": {"run_id": "7"},
    "job": {"job_id": "3", "name": "train\nBcc: evil@example.org"},
    "timestamp_ms": 1,
    "state": {"life_cycle_state": "INTERNAL_ERROR", "result_state": "FAILED", "state_message": "no <rows> & more"},
}


class Post:
    def __init__(self, folder: Path) -> None:
        home = Home(folder / "home")
        home.create()
        self.clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
        self.database = Database(migrated_sqlite(home.databases / "boathouse.db"))
        self.catalog = Catalog(self.database, home, self.clock)
        self.catalog.bootstrap("ada")
        self.ada = self.catalog.identities.principal("ada")
        self.catalog.identities.create_user(SYSTEM, "bob")
        self.bob = self.catalog.identities.principal("bob")
        self.destinations = Destinations(self.database, self.catalog.audit, SecretsSafe(self.catalog), self.clock)
        self.outbox = Outbox(self.database)
        self.courier = self.another_courier()

    def another_courier(self, smtp: str = "") -> Courier:
        server = MailServer.parse(smtp) if smtp else None
        return Courier(self.database, self.destinations, self.clock, mail_server=server, url="http://boathouse.test")

    def send(self, destination: str, *, is_email: bool = False, payload: dict[str, Any] | None = None) -> None:
        now = round(self.clock.now().timestamp() * 1000)
        message = Message("jobs.on_failure", destination, payload or PAYLOAD, is_email, 3, 7)
        self.outbox.put(message, now)

    def after(self, **time: float) -> int:
        self.clock.advance(timedelta(**time))
        return self.courier.deliver_due()

    @property
    def last(self):
        return self.outbox.list(limit=1)[0]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    found = Post(tmp_path)
    yield found
    found.courier.stop()
    found.database.dispose()
