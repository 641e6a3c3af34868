"""The book of approvals, joined with what it asks of the rooms beside it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.metastore import Database
from boathouse.models.approval.book import Approvals
from boathouse.models.approval.repository import ApprovalFollower, ApprovalRepository
from boathouse.models.approval.signatures import Surroundings
from boathouse.models.approval.tagging import ApprovalTags
from boathouse.models.evidence import repository as evidence
from boathouse.models.evidence.nouns import EvaluationKind
from boathouse.models.gates.policy import Policy, policy_of
from boathouse.models.provenance import Provenance
from boathouse.models.repository import ModelRepository
from boathouse.models.requirements.nouns import Revision
from boathouse.models.runs import RESERVED_PREFIX, USER_TAG
from boathouse.models.stores import MlflowStores

if TYPE_CHECKING:
    from boathouse.catalog import Catalog


def join_approvals(
    catalog: "Catalog",
    database: Database,
    clock: Clock,
    stores: MlflowStores,
    repository: ModelRepository,
    provenance: Provenance,
    deployed: Callable[[str], Revision | None],
    asked_since: Callable[[str], int],
) -> tuple[Approvals, ApprovalTags]:
    """The book, told of new versions and following names; and the tags that show it to MLflow's users."""

    def policy(model: str) -> Policy | None:
        found = deployed(model)
        return policy_of(found.requirements, what=f"The policy of {model}") if found else None

    def evaluation(model: str, version: int) -> str | None:
        with database.read() as connection:
            found = evidence.evaluations(connection, model, version, kind=EvaluationKind.GATES, limit=1)
        return found[0].evaluation.evaluation_id if found else None

    def author_of_run(run_id: str) -> str | None:
        try:
            run = stores.call(lambda: stores.tracking.get_run(run_id))
        except BoathouseError:
            return None  # deleted for good; who made the version is known all the same
        tags = dict(run.data.tags)
        return tags.get(f"{RESERVED_PREFIX}principal") or tags.get(USER_TAG)

    tags = ApprovalTags(stores)
    around = Surroundings(policy, evaluation, repository.versions_of, author_of_run, tags.show, asked_since)
    book = Approvals(catalog, database, clock, ApprovalRepository(database), around)
    provenance.tell(book.version_made)
    provenance.follow(ApprovalFollower(lambda: epoch_ms(clock.now())))
    return book, tags
