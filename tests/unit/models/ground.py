"""What most rooms of models stand on in tests: a catalog with one registered model, and a clock moved by hand."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import ModelName, SchemaName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.metastore import Database
from boathouse.models.requirements import Requirements

MODEL = ModelName.parse("dev.flights.delay")
_LEAST: dict[str, Any] = {
    "objective": "Warn of late flights",
    "decision": "The desk rebooks passengers",
    "owner": "ada",
    "success": {"metric": "missed connections", "proxy": "log_loss"},
    "evaluation": {"table": "dev.flights.judged", "label": "late"},
}


def requirements(**said: Any) -> Requirements:
    """Enough to be valid, and what a test says."""
    return Requirements.model_validate({**_LEAST, **said})


@dataclass
class Ground:
    """Who is there, and where."""

    home: Home
    database: Database
    clock: ManualClock
    catalog: Catalog
    ada: Principal
    """She owns the model."""

    def person(self, name: str, *groups: str, privilege: Privilege | None = Privilege.EXECUTE) -> Principal:
        """Somebody with a privilege on the model; None: with none on anything."""
        identities, grants = self.catalog.identities, self.catalog.grants
        identities.create_user(SYSTEM, name)
        for group in groups:
            if group not in {each.name for each in identities.list()}:
                identities.create_group(SYSTEM, group)
            identities.add_member(SYSTEM, group, name)
        if privilege is not None:
            grants.grant(SYSTEM, name, [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
            grants.grant(SYSTEM, name, [Privilege.USE_SCHEMA], SecurableKind.SCHEMA, "dev.flights")
            grants.grant(SYSTEM, name, [privilege], SecurableKind.REGISTERED_MODEL, str(MODEL))
        return identities.principal(name)


@contextmanager
def new_ground(folder: Path) -> Generator[Ground]:
    """A new home on SQLite, with the model."""
    home = Home(folder / "home")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    clock = ManualClock(datetime(2026, 3, 1, 10, tzinfo=UTC))
    catalog = Catalog(database, home, clock)
    catalog.bootstrap("ada")
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "flights"))
    catalog.securables.register(
        SYSTEM, SecurableKind.REGISTERED_MODEL, str(MODEL), owner="ada", parent=str(MODEL.parent)
    )
    yield Ground(home, database, clock, catalog, catalog.identities.principal("ada"))
    database.dispose()
