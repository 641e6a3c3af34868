"""Endpoints over a real catalog and registry; no MLflow is loaded, no data plane runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.features.online.registry.service import LocalOnlineRegistry
from boathouse.foundation.clock import ManualClock, epoch_ms
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.foundation.shapes import fit
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.baselines import Baselines
from boathouse.models.nouns import AliasMove
from boathouse.serving.endpoints.given import ConfigGiven, wanted_of
from boathouse.serving.endpoints.nouns import Endpoint, Wanted
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.endpoints.service import Endpoints, NewEndpoint
from boathouse.serving.preparing.opening import Opening, Parts, Passwords
from boathouse.serving.preparing.resolving import AtOnce, Resolving
from boathouse.serving.preparing.writing import Place, SnapshotWriter
from boathouse.serving.snapshot import files
from boathouse.serving.snapshot.nouns import LiveEndpoint, Snapshot

MODEL = "dev.lab.delay"


@dataclass
class House:
    """What a test of endpoints touches, and short ways to say what should be."""

    folder: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(datetime(2026, 3, 1, tzinfo=UTC)))

    def __post_init__(self) -> None:
        self.home = Home(self.folder / "home")
        self.home.create()
        self.database = Database(migrated_sqlite(self.home.databases / "boathouse.db"))
        self.catalog = Catalog(self.database, self.home, self.clock)
        self.catalog.bootstrap("ada")
        self.ada = self.catalog.identities.principal("ada")
        self.bob = self.user("bob")
        self.models = Models(self.catalog, self.database, self.home, clock=self.clock)
        self.endpoints = Endpoints(self.catalog, self.clock)
        self.online = LocalOnlineRegistry(self.catalog)
        baselines = Baselines(self.models.stores, self.database, self.models.files)
        parts = Parts(self.catalog, self.models, self.online, baselines, Passwords(self.online.secret))
        self.rollouts: Any = AtOnce()
        self.writer = SnapshotWriter(
            Place(self.catalog, self.home, self.clock),
            lambda: Resolving(self.endpoints.access, self.models, Opening(parts), self.rollouts),
            anew_seconds=0.0,
        )
        self.catalog.securables.create_schema(self.ada, SchemaName("dev", "lab"))

    def user(self, name: str) -> Principal:
        self.catalog.identities.create_user(SYSTEM, name)
        return self.catalog.identities.principal(name)

    def grant(self, who: str, privilege: Privilege, kind: SecurableKind, name: str) -> None:
        self.catalog.grants.grant(self.ada, who, [privilege], kind, name)

    def may_use(self, who: str, model: str = MODEL) -> None:
        self.grant(who, Privilege.USE_CATALOG, SecurableKind.CATALOG, "dev")
        self.grant(who, Privilege.USE_SCHEMA, SecurableKind.SCHEMA, "dev.lab")
        self.grant(who, Privilege.EXECUTE, SecurableKind.REGISTERED_MODEL, model)

    # --- models, as the registry has recorded them

    def model(self, name: str = MODEL) -> str:
        self.catalog.securables.register(SYSTEM, SecurableKind.REGISTERED_MODEL, name)
        return name

    def version(self, number: int, model: str = MODEL, *, alias: str | None = None) -> Path:
        location = f"models/{model}/{number}"
        self.models.repository.add_source(model, number, None, location)
        folder = self.home.artifacts / location
        folder.mkdir(parents=True)
        (folder / "MLmodel").write_text("flavors: {}\n")
        if alias is not None:
            self.alias(alias, number, model)
        return folder

    def alias(self, alias: str, version: int | None, model: str = MODEL) -> None:
        before = self.models.repository.recorded_aliases(model).get((model, alias))
        now = epoch_ms(self.clock.now())
        move = AliasMove(model, alias, before, version, "ada", now, None, "boathouse", "")
        self.models.repository.record_moves([move])

    # --- endpoints

    def make(
        self, name: str = "delays", *entities: dict[str, Any], who: Principal | None = None, **more: Any
    ) -> Endpoint:
        wanted = self.wanted(name, *entities, **more.pop("config", {}))
        if "policy" in more:
            more["policy"] = fit(EndpointPolicy, more["policy"], what="The policy")
        return self.endpoints.create(who or self.ada, NewEndpoint(name, wanted, **more))

    def wanted(self, name: str, *entities: dict[str, Any], **config: Any) -> Wanted:
        served = list(entities) or [{"entity_name": MODEL, "entity_version": "champion"}]
        given = fit(ConfigGiven, {"served_entities": served, **config}, what="The configuration")
        return wanted_of(given, name)

    def live(self, name: str = "delays") -> LiveEndpoint:
        """The endpoint as the data plane would find it now."""
        self.writer.look()
        found = self.snapshot()
        return next(each for each in found.endpoints if each.name == name)

    def snapshot(self) -> Snapshot:
        found = files.read(self.home)
        assert found is not None
        return found

    def answering(self, name: str = "delays") -> dict[int | None, float]:
        """Shares by version."""
        live = self.live(name)
        versions = {each.entity_id: each.version for each in live.entities}
        return {versions[route.entity_id]: route.percent for route in live.routes}

    def later(self, **span: float) -> int:
        self.clock.advance(timedelta(**span))
        return epoch_ms(self.clock.now())

    def events(self) -> list[str]:
        return [each.type for each in self.catalog.events.settled_after(0) if each.subject == "delays"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.database.dispose()
