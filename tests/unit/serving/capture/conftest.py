"""A real catalog over SQLite, a real lake, and a recorder over the journals of a home."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, SecurableKind
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.serving.capture.building import Builder
from boathouse.serving.capture.inference_tables import InferenceTables
from boathouse.serving.capture.journal import FileJournal, JournalSettings
from boathouse.serving.capture.masking import Masks
from boathouse.serving.capture.model_facts import KnownModels
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.capture.recording import Recorder, RecordingSettings
from boathouse.serving.capture.troubles import CaptureTroubles
from boathouse.serving.endpoints.policy import CaptureRules
from boathouse.session import LocalLaw, Session

from .exchanges import endpoint

PAYLOAD, PREDICTIONS = "main.flights.delays_payload", "main.flights.delays_predictions"


@dataclass
class Capture:
    """Everything between an answer and its row."""

    catalog: Catalog
    home: Home
    journals: list[FileJournal] = field(default_factory=list[FileJournal])

    def __post_init__(self) -> None:
        self.engine = DuckDBEngine()
        self.troubles = CaptureTroubles(self.catalog.database, SystemClock())
        self.recorder = self.new_recorder()

    @property
    def session(self) -> Session:
        return self.session_of(self.catalog.identities.principal("root"))

    def session_of(self, principal: Principal) -> Session:
        return Session(principal, LocalLaw(self.catalog), self.engine)

    def new_recorder(self, **settings: Any) -> Recorder:
        """One that knows nothing of what another has done."""
        tables = InferenceTables(self.catalog, self.session_of, SystemClock())
        builder = Builder(KnownModels(), Masks(b"key"))
        told = RecordingSettings(**{"first_pause_seconds": 0.0, "longest_pause_seconds": 0.0, **settings})
        return Recorder(self.home, tables, builder, self.troubles, settings=told)

    def journal(self, rules: CaptureRules | None = None, **settings: Any) -> FileJournal:
        made = FileJournal(self.home.journals, f"worker-{len(self.journals)}", JournalSettings(**settings))
        self.journals.append(made)
        made.follow([endpoint(rules)])
        return made

    def captured(self, *exchanges: Exchange, rules: CaptureRules | None = None) -> None:
        """Write exchanges and take them in."""
        journal = self.journal(rules)
        for each in exchanges:
            journal.write(each)
        self.recorder.round()

    def rows(self, table: str = PAYLOAD, order: str = "databricks_request_id") -> list[dict[str, Any]]:
        return self.session.sql(f"SELECT * FROM {table} ORDER BY {order}").arrow().to_pylist()

    def ids(self, table: str = PAYLOAD) -> list[str]:
        return [row["databricks_request_id"] for row in self.rows(table)]

    def versions(self, table: str = PAYLOAD) -> int:
        return self.session.sql(f"DESCRIBE HISTORY {table}").arrow().num_rows


@pytest.fixture
def capture(tmp_path: Path) -> Iterator[Capture]:
    home = Home(tmp_path / "home")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home)
    catalog.bootstrap("root")
    catalog.identities.create_user(SYSTEM, "ann")
    catalog.securables.create_catalog(SYSTEM, "main")
    catalog.securables.create_schema(SYSTEM, SchemaName("main", "flights"))
    catalog.securables.update(SYSTEM, SecurableKind.SCHEMA, "main.flights", owner="ann")
    made = Capture(catalog, home)
    made.session.sql("GRANT USE CATALOG ON CATALOG main TO `ann`")
    yield made
    for journal in made.journals:
        journal.close()
    database.dispose()
