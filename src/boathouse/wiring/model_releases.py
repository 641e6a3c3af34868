"""What leaves and enters the registry, joined: cards, archives, copies, retirement."""

from collections.abc import Sequence
from dataclasses import dataclass

from boathouse.catalog import Catalog, SecurableKind
from boathouse.features.feature_spec import Computed, Lookup
from boathouse.features.specs.spec_files import read_spec
from boathouse.foundation.clock import Clock
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.names import ModelName, TableName
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.approval.nouns import Approval
from boathouse.models.cards import CardPorts, Cards, FeatureUsed
from boathouse.models.evidence.book import EvidenceBook
from boathouse.models.evidence.nouns import Evidence
from boathouse.models.gates.catalogue import GATES
from boathouse.models.promotion.nouns import Decision


@dataclass(frozen=True, slots=True)
class ModelReleases:
    """The verbs around releases of models."""

    cards: Cards


def build_releases(catalog: Catalog, database: Database, models: Models, clock: Clock) -> ModelReleases:
    """Join them with what other rooms know."""
    evidence = EvidenceBook(database, catalog, clock)
    return ModelReleases(Cards(models, models.files, _card_ports(catalog, evidence)))


def _card_ports(catalog: Catalog, evidence: EvidenceBook) -> CardPorts:
    def evidence_of(principal: Principal, name: ModelName, version: int) -> Sequence[Evidence]:
        return evidence.latest(principal, name, version) or evidence.of(principal, name, version)

    def decision_on(principal: Principal, name: ModelName, version: int) -> Decision | None:
        return None

    def approvals_of(principal: Principal, name: ModelName, version: int) -> Sequence[Approval]:
        return ()

    return CardPorts(
        evidence=evidence_of,
        decision=decision_on,
        approvals=approvals_of,
        features=lambda principal, text: _features(catalog, principal, text),
        questions=lambda: {gate.name: gate.question for gate in GATES},
    )


def _features(catalog: Catalog, principal: Principal, text: str) -> Sequence[FeatureUsed]:
    """The features of a recipe, with what the catalog tells this principal of them."""
    found: list[FeatureUsed] = []
    for step in read_spec(text).steps:
        if isinstance(step, Lookup):
            found += _looked_up(catalog, principal, step)
        else:
            found.append(_computed(catalog, principal, step))
    return found


def _looked_up(catalog: Catalog, principal: Principal, step: Lookup) -> list[FeatureUsed]:
    try:
        table = catalog.securables.table(principal, TableName.parse(str(step.table)))
    except BoathouseError:  # gone, or not for this reader
        return [FeatureUsed(each.name, str(step.table)) for each in step.outputs]
    comments = {column.name: column.comment for column in table.columns}
    owner = table.securable.owner
    return [FeatureUsed(each.name, str(step.table), owner, comments.get(each.feature)) for each in step.outputs]


def _computed(catalog: Catalog, principal: Principal, step: Computed) -> FeatureUsed:
    try:
        told = catalog.securables.get(principal, SecurableKind.FUNCTION, str(step.function))
    except BoathouseError:
        return FeatureUsed(step.name, str(step.function))
    return FeatureUsed(step.name, str(step.function), told.owner, told.comment)
