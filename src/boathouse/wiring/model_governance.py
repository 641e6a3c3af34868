"""What decides over models, joined: requirements, evidence, signatures, promotions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.addresses import ModelAddress, read_which
from boathouse.models.approval.repository import ApprovalRepository
from boathouse.models.evidence.book import EvidenceBook
from boathouse.models.evidence.nouns import Evaluation, Evidence, Measurement
from boathouse.models.promotion.decisions import Decisions
from boathouse.models.promotion.promoting import Promotions
from boathouse.models.registry import parse_model_name
from boathouse.models.repository import ModelRepository
from boathouse.models.requirements.book import RequirementsBook


@dataclass(frozen=True, slots=True)
class ModelGovernance:
    """The verbs that the doors call, and that other parts build on."""

    requirements: RequirementsBook
    evidence: EvidenceBook
    decisions: Decisions
    promotions: Promotions

    def record(
        self, principal: Principal, evaluation: Evaluation, measurements: Sequence[Measurement]
    ) -> list[Evidence]:
        """Write down what was measured, judged by the requirements that are deployed."""
        deployed = self.decisions.policies.of(evaluation.model)
        if deployed is None:
            return self.evidence.record(principal, evaluation, measurements)
        judged_by = replace(evaluation, requirements_revision=deployed.revision)
        return self.evidence.record(principal, judged_by, measurements, deployed.policy.rules)

    def version(self, principal: Principal, name: str, which: str) -> tuple[ModelName, int]:
        """The model and the version that a path names: by number, alias, stage, or ``latest``.

        Raises:
            ModelNotFound: There is none.
        """
        address = self.address(name, which)
        return address.name, self.decisions.version(principal, address)

    def address(self, name: str, which: str) -> ModelAddress:
        return read_which(which, parse_model_name(name))


def build_model_governance(models: Models, database: Database, catalog: Catalog, clock: Clock) -> ModelGovernance:
    """Join the parts; production aliases that a policy protects are protected from here on."""
    evidence = EvidenceBook(database, catalog, clock)
    models.provenance.follow(evidence)
    repository, said = ModelRepository(database), ApprovalRepository(database).of
    decisions = Decisions(catalog, models.registry, repository, evidence, models.requirements, said, clock)
    models.registry.aliases.protect(decisions.policies.guard)
    models.registry.aliases.protect_stages(decisions.policies.guard_stage)
    promotions = Promotions(catalog, models.registry, decisions, clock)
    return ModelGovernance(models.requirements, evidence, decisions, promotions)
