"""What leaves and enters the registry, joined: cards, archives, copies, retirement."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from boathouse.catalog import Catalog, SecurableKind
from boathouse.features.feature_spec import Computed, Lookup
from boathouse.features.specs.spec_files import read_spec
from boathouse.foundation.clock import Clock
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.home import Home
from boathouse.foundation.names import ModelName, TableName
from boathouse.foundation.principals import Principal
from boathouse.jobs import Jobs
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.approval.nouns import Approval
from boathouse.models.approval.repository import ApprovalRepository
from boathouse.models.archives.exporting import Exports
from boathouse.models.archives.importing import Imports
from boathouse.models.archives.keys import HomeKey
from boathouse.models.archives.repository import ImportFollower, imports
from boathouse.models.archives.trust import Trust
from boathouse.models.cards import CardPorts, Cards, FeatureUsed, Origin
from boathouse.models.copying import Copies, CopyPorts
from boathouse.models.evidence.nouns import Evidence
from boathouse.models.evidence.wire import all_evidence_from_json
from boathouse.models.gates.catalogue import GATES
from boathouse.models.promotion.nouns import Decision
from boathouse.models.retiring.repository import RetirementFollower
from boathouse.models.retiring.retiring import Retirements
from boathouse.wiring.model_governance import ModelGovernance
from boathouse.wiring.model_uses import uses_of_versions


@dataclass(frozen=True, slots=True)
class ModelReleases:
    """The verbs around releases of models."""

    governance: ModelGovernance
    cards: Cards
    exports: Exports
    imports: Imports
    trust: Trust
    retirements: Retirements
    copies: Copies

    def settle(self) -> None:
        """Take back or complete what an earlier process began."""
        self.imports.settle()
        self.retirements.settle()


def build_releases(
    home: Home,
    catalog: Catalog,
    database: Database,
    models: Models,
    governance: ModelGovernance,
    jobs: Jobs,
    clock: Clock,
) -> ModelReleases:
    """Join them with what other rooms know."""
    cards = Cards(models, models.files, _card_ports(catalog, database, governance))
    key = HomeKey(home.signing_key_file)
    trust = Trust(catalog, database, clock, key)
    models.provenance.follow(ImportFollower())
    models.provenance.follow(RetirementFollower())
    exports = Exports(models, cards, key)
    return ModelReleases(
        governance,
        cards,
        exports,
        Imports(models, database, clock, trust, home.archives),
        trust,
        Retirements(models, database, clock, exports, home.archives, uses_of_versions(catalog, database, jobs, clock)),
        Copies(models, CopyPorts(governance.evidence.latest, governance.record)),
    )


def _card_ports(catalog: Catalog, database: Database, governance: ModelGovernance) -> CardPorts:
    signatures = ApprovalRepository(database)

    def evidence_of(principal: Principal, name: ModelName, version: int) -> Sequence[Evidence]:
        """What the latest decision looks at, with waivers; what others have noted besides."""
        noted = governance.evidence.of(principal, name, version)
        decided = None
        with suppress(BoathouseError):  # rules that no longer fit are told beside the decision
            decided = decision_on(principal, name, version)
        if decided is None or not decided.evidence:
            return noted
        judged = {each.evaluation.evaluation_id for each in decided.evidence}
        others = [each for each in noted if each.rule is None or each.evaluation.evaluation_id not in judged]
        return [*decided.evidence, *others]

    def decision_on(principal: Principal, name: ModelName, version: int) -> Decision | None:
        if governance.decisions.policies.of(str(name)) is None:
            return None
        return governance.decisions.now(principal, name, version)

    def approvals_of(_: Principal, name: ModelName, version: int) -> Sequence[Approval]:
        return signatures.of(str(name), version)

    def author_of(model: str, version: int) -> str | None:
        known = signatures.author(model, version)
        return known[0] if known is not None else None

    return CardPorts(
        evidence=evidence_of,
        decision=decision_on,
        approvals=approvals_of,
        author=author_of,
        origin=lambda _, name, version: _origin(database, str(name), version),
        features=lambda principal, text: _features(catalog, principal, text),
        questions=lambda: {gate.name: gate.question for gate in GATES},
    )


def _origin(database: Database, model: str, version: int) -> Origin | None:
    """Where a version was imported from, with the other server's evidence as far as this release can read it."""
    found = next(iter(imports(database, model, version)), None)
    if found is None:
        return None
    evidence: Sequence[Evidence] = ()
    with suppress(BoathouseError, KeyError, TypeError, ValueError, AttributeError):
        evidence = all_evidence_from_json(found.told["evidence"])
    origin = f"{found.origin_model}@{found.origin_version}"
    return Origin(origin, found.signer, found.begun_at, found.principal, found.manifest_sha256, evidence)


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
