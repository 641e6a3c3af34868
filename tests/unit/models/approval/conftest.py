"""A registered model with versions, what it has to meet, and the book of approvals."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.catalog.events.repository import after
from boathouse.foundation.clock import ManualClock, epoch_ms
from boathouse.foundation.home import Home
from boathouse.foundation.names import ModelName, SchemaName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.metastore import Database, DatabaseUrl, metadata
from boathouse.models.approval.book import Approvals
from boathouse.models.approval.nouns import Tally
from boathouse.models.approval.repository import ApprovalFollower, ApprovalRepository
from boathouse.models.approval.signatures import Surroundings
from boathouse.models.approval.tagging import shown
from boathouse.models.gates.policy import policy_of
from boathouse.models.nouns import NewVersion
from boathouse.models.repository import ModelRepository
from boathouse.models.requirements import Requirements

MODEL = ModelName.parse("dev.flights.delay")


@dataclass
class Desk:
    """Who is there, the book, and what surrounds it."""

    catalog: Catalog
    database: Database
    clock: ManualClock
    ada: Principal
    models: ModelRepository
    repository: ApprovalRepository
    book: Approvals = None  # type: ignore[assignment]
    requirements: Requirements | None = None
    evaluations: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])
    tags: dict[tuple[str, int], str | None] = field(default_factory=dict[tuple[str, int], str | None])

    def require(self, **said: Any) -> None:
        least: dict[str, Any] = {
            "objective": "Warn of late flights",
            "decision": "The desk rebooks passengers",
            "owner": "ada",
            "success": {"metric": "missed connections", "proxy": "log_loss"},
            "evaluation": {"table": "dev.flights.judged", "label": "late"},
        }
        self.requirements = Requirements.model_validate({**least, **said})

    def person(self, name: str, *groups: str, privilege: Privilege = Privilege.EXECUTE) -> Principal:
        identities, grants = self.catalog.identities, self.catalog.grants
        identities.create_user(SYSTEM, name)
        for group in groups:
            if group not in {each.name for each in identities.list()}:
                identities.create_group(SYSTEM, group)
            identities.add_member(SYSTEM, group, name)
        grants.grant(SYSTEM, name, [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
        grants.grant(SYSTEM, name, [Privilege.USE_SCHEMA], SecurableKind.SCHEMA, "dev.flights")
        grants.grant(SYSTEM, name, [privilege], SecurableKind.REGISTERED_MODEL, str(MODEL))
        return identities.principal(name)

    def version(self, number: int, author: str = "ada", run_id: str | None = None) -> None:
        made = NewVersion(str(MODEL), number, run_id, author)
        also = lambda connection: self.book.version_made(connection, made)  # noqa: E731
        self.models.add_source(str(MODEL), number, run_id, None, also=also)

    def evaluate(self, number: int, evaluation_id: str) -> None:
        self.evaluations[str(MODEL), number] = evaluation_id

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        return [(each.type, dict(each.data)) for each in after(self.database, 0)]

    def audited(self) -> list[tuple[str, str, int]]:
        found = [each for each in self.catalog.audit.events() if each.service == "models"]
        return [(each.principal, each.action, each.status_code) for each in reversed(found)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = Home(tmp_path / "home")
    home.create()
    database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
    metadata.create_all(database.engine)
    clock = ManualClock(datetime(2026, 3, 1, 10, tzinfo=UTC))
    catalog = Catalog(database, home, clock)
    catalog.bootstrap("ada")
    catalog.securables.create_schema(SYSTEM, SchemaName.parse("dev.flights"))
    catalog.securables.register(
        SYSTEM, SecurableKind.REGISTERED_MODEL, str(MODEL), owner="ada", parent=str(MODEL.parent)
    )
    models, repository = ModelRepository(database), ApprovalRepository(database)
    made = Desk(catalog, database, clock, catalog.identities.principal("ada"), models, repository)

    def show(model: str, version: int, tally: Tally) -> None:
        made.tags[model, version] = shown(tally)

    around = Surroundings(
        policy=lambda _: policy_of(made.requirements) if made.requirements else None,
        evaluation=lambda model, version: made.evaluations.get((model, version)),
        versions=models.versions_of,
        author_of_run=lambda run_id: run_id.removeprefix("run of "),
        show=show,
    )
    made.book = Approvals(catalog, database, clock, repository, around)
    models.follow(ApprovalFollower(lambda: epoch_ms(clock.now())))
    made.require(approval={"count": 1, "groups": ["risk"], "author_may_approve": False})
    made.version(3)
    made.evaluate(3, "e1")
    yield made
    database.dispose()
