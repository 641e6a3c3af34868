"""Alerts over a real catalog, real Delta tables and a real outbox, with a clock that the test moves."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.catalog.events.nouns import KNOWN_TYPES, Event
from boathouse.foundation.clock import ManualClock, epoch_ms
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.foundation.shapes import fit
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.monitoring.alerts.asking import beside
from boathouse.monitoring.alerts.following import Following
from boathouse.monitoring.alerts.looking import Looked, Looking, Parts
from boathouse.monitoring.alerts.nouns import Alert, Firing
from boathouse.monitoring.alerts.rules import AlertRule
from boathouse.monitoring.alerts.service import Alerts
from boathouse.monitoring.alerts.telling import Telling
from boathouse.notifications.destinations import Destinations
from boathouse.notifications.messages import Delivery
from boathouse.notifications.outbox import Outbox
from boathouse.session import LocalLaw, Session
from boathouse.wiring.background import SecretsSafe

TABLE = "dev.lab.weather"
DAY = timedelta(days=1)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)

PROFILE = pa.schema(
    [
        ("window", pa.struct([("start", pa.timestamp("us", "UTC")), ("end", pa.timestamp("us", "UTC"))])),
        ("log_type", pa.string()),
        ("granularity", pa.string()),
        ("slice_key", pa.string()),
        ("slice_value", pa.string()),
        ("model_id", pa.string()),
        ("column_name", pa.string()),
        ("count", pa.int64()),
        ("percent_null", pa.float64()),
        ("avg", pa.float64()),
    ]
)
DRIFT = pa.schema(
    [
        *(PROFILE.field(name) for name in PROFILE.names if name not in ("log_type", "count", "percent_null", "avg")),
        ("drift_type", pa.string()),
        ("js_distance", pa.float64()),
        ("ks_test", pa.struct([("statistic", pa.float64()), ("pvalue", pa.float64())])),
    ]
)  # fmt: skip


class Watch:
    """What a test of alerts touches, and short ways to say what was measured."""

    def __init__(self, folder: Path, engine: DuckDBEngine) -> None:
        self.clock = ManualClock(datetime(2026, 4, 1, tzinfo=UTC))
        home = Home(folder / "home")
        home.create()
        self.home = home
        self.engine = engine
        self.database = Database(migrated_sqlite(home.databases / "boathouse.db"))
        self.catalog = Catalog(self.database, home, self.clock)
        self.catalog.bootstrap("ada")
        self.ada = self.catalog.identities.principal("ada")
        self.catalog.securables.create_schema(self.ada, SchemaName("dev", "lab"))
        self.session = self.session_of(self.ada)
        self.destinations = Destinations(self.database, self.catalog.audit, SecretsSafe(self.catalog), self.clock)
        for name in ("oncall", "desk"):
            self.destinations.create(self.ada, name, {"generic_webhook": {"url": f"http://{name}.test"}})
        parts = Parts(self.catalog, self.session_of, beside, self.clock)
        self.looking = Looking(parts)
        self.alerts = Alerts(parts, self.looking, KNOWN_TYPES)
        self.following = Following(parts, self.looking)
        self.telling = Telling(self.catalog, self.clock)
        self.following.look()

    def session_of(self, principal: Principal) -> Session:
        return Session(principal, LocalLaw(self.catalog), self.engine)

    def user(self, name: str) -> Principal:
        self.catalog.identities.create_user(SYSTEM, name)
        return self.catalog.identities.principal(name)

    def may_read(self, who: str, *tables: str) -> None:
        grants = self.catalog.grants
        grants.grant(self.ada, who, [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
        grants.grant(self.ada, who, [Privilege.USE_SCHEMA], SecurableKind.SCHEMA, "dev.lab")
        for table in tables:
            grants.grant(self.ada, who, [Privilege.SELECT], SecurableKind.TABLE, table)

    # --- what was measured

    def watched(self) -> None:
        """The table itself."""
        if not self.catalog.grants.visible(self.ada, SecurableKind.TABLE, [TABLE]):
            self.session.sql(f"CREATE TABLE {TABLE} (wind_speed DOUBLE, temp DOUBLE, origin STRING, at TIMESTAMP)")

    def measure(self, values: Mapping[int, float | None], metric: str = "percent_null", **more: Any) -> None:
        """One value of a column for each day, written as a refresh would; a day that was there is replaced."""
        self.watched()
        rows: list[dict[str, Any]] = []
        for day, value in values.items():
            window = {"start": BEGIN + day * DAY, "end": BEGIN + (day + 1) * DAY}
            rows.append(
                {"window": window, "log_type": "INPUT", "granularity": "1 day", "model_id": "*",
                 "column_name": "wind_speed", "count": 100, metric: value, **more}
            )  # fmt: skip
        self._write(f"{TABLE}_profile_metrics", rows, PROFILE, list(values), rows[0]["column_name"])

    def drift(self, values: Mapping[int, float], **more: Any) -> None:
        self.watched()
        rows = [
            {"window": {"start": BEGIN + day * DAY, "end": BEGIN + (day + 1) * DAY}, "granularity": "1 day",
             "model_id": "*", "column_name": "wind_speed", "drift_type": "BASELINE", "js_distance": value,
             "ks_test": {"statistic": value, "pvalue": 1 - value}, **more}
            for day, value in values.items()
        ]  # fmt: skip
        self._write(f"{TABLE}_drift_metrics", rows, DRIFT, [], "")

    def _write(
        self, name: str, rows: Sequence[Mapping[str, Any]], schema: pa.Schema, days: list[int], column: str
    ) -> None:
        data = pa.Table.from_pylist(list(rows), schema=schema)
        if days and self.catalog.grants.visible(self.ada, SecurableKind.TABLE, [name]):
            first, last = BEGIN + min(days) * DAY, BEGIN + max(days) * DAY
            self.session.sql(
                f"DELETE FROM {name} WHERE `window`.`start` BETWEEN :first AND :last AND column_name = :column",
                {"first": first, "last": last, "column": column},
            )
        self.session.write_table(name, data)

    def happens(self, type: EventType, subject: str = TABLE, **data: Any) -> Event:
        with self.database.write() as connection:
            events.write(connection, [NewEvent(type, subject, "ada", data)], epoch_ms(self.clock.now()))
        return self.told(type)[-1]

    def refreshed(self) -> int:
        """A refresh ends, and what follows it."""
        self.happens(EventType.MONITOR_REFRESHED, table=TABLE)
        return self.go_on()

    def go_on(self) -> int:
        """What goes on by itself, once; gives the number of messages."""
        self.following.look()
        return self.telling.tell()

    # --- alerts

    def put(self, name: str = "nulls", who: Principal | None = None, **rule: Any) -> Alert:
        if not rule.keys() & {"rows", "events", "table"}:
            rule = {"table": TABLE, **rule}
        if not rule.keys() & {"events", "missing"}:
            rule = {"metric": "percent_null", **rule}
        rule = {"tell": ["oncall"], **rule}
        made = self.alerts.put(who or self.ada, name, fit(AlertRule, rule, what="The alert"))
        self.following.look()
        return made

    def open(self, name: str = "nulls") -> list[Firing]:
        return list(self.alerts.standing(self.ada, name).open)

    def state(self, name: str = "nulls") -> str:
        return self.alerts.standing(self.ada, name).state

    def fired(self, name: str = "nulls") -> list[Firing]:
        return [firing for _, firing in self.alerts.firings(self.ada, name)][::-1]

    def look(self, name: str = "nulls", **more: Any) -> Looked:
        return self.alerts.look(self.ada, name, **more)

    def told(self, *types: str) -> list[Event]:
        return [each for each in events.after(self.database, 0) if each.type in types]

    def messages(self) -> list[Delivery]:
        """Oldest first."""
        return Outbox(self.database).list()[::-1]


@pytest.fixture(scope="session")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


@pytest.fixture
def watch(tmp_path: Path, engine: DuckDBEngine) -> Iterator[Watch]:
    found = Watch(tmp_path, engine)
    yield found
    found.database.dispose()


@pytest.fixture
def begin() -> datetime:
    return BEGIN
