"""A registered model with versions, what it has to meet, and the book of approvals."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.models.ground import MODEL, Ground, requirements

from boathouse.catalog.events.repository import after
from boathouse.foundation.clock import epoch_ms
from boathouse.models.approval.book import Approvals
from boathouse.models.approval.nouns import Tally
from boathouse.models.approval.repository import ApprovalFollower, ApprovalRepository
from boathouse.models.approval.signatures import Surroundings
from boathouse.models.approval.tagging import shown
from boathouse.models.gates.policy import policy_of
from boathouse.models.nouns import NewVersion
from boathouse.models.repository import ModelRepository
from boathouse.models.requirements import Requirements


@dataclass
class Desk(Ground):
    """The book, and what surrounds it."""

    models: ModelRepository
    repository: ApprovalRepository
    book: Approvals = None  # type: ignore[assignment]
    requirements: Requirements | None = None
    evaluations: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])
    tags: dict[tuple[str, int], str | None] = field(default_factory=dict[tuple[str, int], str | None])

    def require(self, **said: Any) -> None:
        self.requirements = requirements(**said)

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
def desk(ground: Ground) -> Desk:
    models, repository = ModelRepository(ground.database), ApprovalRepository(ground.database)
    made = Desk(**vars(ground), models=models, repository=repository)

    def show(model: str, version: int, tally: Tally) -> None:
        made.tags[model, version] = shown(tally)

    around = Surroundings(
        policy=lambda _: policy_of(made.requirements) if made.requirements else None,
        evaluation=lambda model, version: made.evaluations.get((model, version)),
        versions=models.versions_of,
        author_of_run=lambda run_id: run_id.removeprefix("run of "),
        show=show,
    )
    made.book = Approvals(made.catalog, made.database, made.clock, repository, around)
    models.follow(ApprovalFollower(lambda: epoch_ms(made.clock.now())))
    made.require(approval={"count": 1, "groups": ["risk"], "author_may_approve": False})
    made.version(3)
    made.evaluate(3, "e1")
    return made
