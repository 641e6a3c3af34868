"""What may be promoted, now or under other rules, and why something was: nothing here moves."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.models.addresses import ModelAddress, version_of
from boathouse.models.aliases import ModelNotFound
from boathouse.models.approval.nouns import Approval
from boathouse.models.evidence.book import EvidenceBook
from boathouse.models.evidence.nouns import Evaluation
from boathouse.models.gates.policy import PRODUCTION, policy_of
from boathouse.models.nouns import AliasMove
from boathouse.models.promotion.deciding import decide
from boathouse.models.promotion.measured_for import gates_measured_otherwise, measured_otherwise
from boathouse.models.promotion.nouns import Decision, Explanation, InProduction
from boathouse.models.promotion.policies import DeployedPolicy, Policies, stages_of
from boathouse.models.registry import Registry
from boathouse.models.repository import ModelRepository
from boathouse.models.requirements.nouns import NoRequirements, Revision
from boathouse.models.requirements.requirements import Requirements

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

KIND = SecurableKind.REGISTERED_MODEL
LATEST = "latest"
Said = Callable[[str, int], Sequence[Approval]]
"""Everything that was said of a version."""


class History(Protocol):
    """Requirements in time."""

    def deployed(self, model: str) -> Revision | None: ...

    def at(self, principal: Principal, model: ModelName, instant: datetime) -> Revision: ...

    def revision(self, model: str, number: int) -> Revision | None: ...

    def asked_since(self, model: str) -> int: ...


class Decisions:
    """Makes decisions, and explains those that were made."""

    def __init__(
        self,
        catalog: "Catalog",
        registry: Registry,
        repository: ModelRepository,
        evidence: EvidenceBook,
        requirements: History,
        said: Said,
        clock: Clock,
    ) -> None:
        self._catalog = catalog
        self._registry = registry
        self._repository = repository
        self._evidence = evidence
        self._requirements = requirements
        self._said = said
        self._clock = clock
        self.policies = Policies(requirements)

    # --- deciding

    def now(self, principal: Principal, name: ModelName, version: int) -> Decision:
        """What evidence and signatures come to under the policy that is deployed.

        Raises:
            NoRequirements: There is none.
        """
        return self.under(principal, name, version, self.require_policy(name))[0]

    def under(
        self, principal: Principal, name: ModelName, version: int, asked: DeployedPolicy | Requirements
    ) -> tuple[Decision, Evaluation | None]:
        """What they come to under the policy that is deployed, or under other requirements, from what was measured
        last; nothing is run again, so what was measured of other rows or slices does not count."""
        if isinstance(asked, DeployedPolicy):
            requirements, policy, revision = asked.requirements, asked.policy, asked.revision
        else:
            requirements, policy, revision = asked, policy_of(asked), None
        stored, evidence = self._evidence.judged_anew(principal, name, version, policy.rules)
        then = self._asked_then(stored.evaluation) if stored else None
        decision = decide(
            policy,
            evidence,
            self._said(str(name), version),
            epoch_ms(self._clock.now()),
            subject=(str(name), version),
            evaluation_id=stored.evaluation.evaluation_id if stored else None,
            requirements_revision=revision,
            asked_since=self._requirements.asked_since(str(name)) if revision is not None else 0,
            otherwise=measured_otherwise(requirements, data_table=stored.evaluation.data_table, then=then)
            if stored
            else (),
            gates_otherwise=gates_measured_otherwise(policy, requirements, evidence, then=then),
        )
        return decision, stored.evaluation if stored else None

    def _asked_then(self, evaluation: Evaluation) -> Requirements | None:
        number = evaluation.requirements_revision
        then = self._requirements.revision(evaluation.model, number) if number is not None else None
        return then.requirements if then is not None else None

    def require_policy(self, name: ModelName) -> DeployedPolicy:
        """
        Raises:
            NoRequirements: Nobody has said what the model has to meet.
        """
        found = self.policies.of(str(name))
        if found is None:
            raise NoRequirements(
                f"{name} has no requirements, so nothing says what it has to meet.",
                hint="Write them in boathouse.yml and deploy: boathouse bundle deploy",
            )
        return found

    # --- looking up

    def version(self, principal: Principal, address: ModelAddress) -> int:
        """The version that an address means: by number, by alias or stage, ``latest``; without any, the newest.

        Raises:
            ModelNotFound: There is none.
        """
        name = address.name
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(name))
        if address.version is not None:
            self._registry.require_version(name, address.version)
            return address.version
        if address.alias in (None, LATEST):
            newest = self._repository.newest_version(str(name))
            if newest is None:
                raise ModelNotFound(f"{name} has no versions yet.", hint="Register one from a run.")
            return newest
        aliases = self._registry.aliases.of(name)
        found = version_of(address, aliases, self._stages(name))
        if found is None:
            known = ", ".join(f"{alias} ({number})" for alias, number in sorted(aliases.items())) or "none yet"
            raise ModelNotFound(
                f"No alias or stage {address.alias!r} of {name} points anywhere.", hint=f"Aliases: {known}."
            )
        return found

    def why(self, principal: Principal, address: ModelAddress) -> Explanation:
        """Why a version is where it is: the move that brought it there, what was decided before, what holds now."""
        name, stages = address.name, self._stages(address.name)
        version = self.version(principal, address)
        wanted = stages.get(address.alias or "", address.alias) or stages[PRODUCTION]
        made = self._registry.get(principal, name).created_at
        move = self._move_to(str(name), version, wanted, made)
        deployed = self.policies.of(str(name))
        now = None
        if deployed is not None:
            now = self.under(principal, name, version, deployed)[0]
        decided = self._repository.decision(move.decision_id) if move and move.decision_id else None
        pointing = sorted(alias for alias, number in self._registry.aliases.of(name).items() if number == version)
        return Explanation(str(address), str(name), version, tuple(pointing), move, decided, now)

    def in_production(
        self, principal: Principal, name: ModelName, *, at: datetime | None = None, stage: str = PRODUCTION
    ) -> InProduction:
        """What a stage pointed at, at an instant; stages are those of the requirements that held then."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(name))
        instant = at or self._clock.now()
        alias = stages_of(self._requirements_at(principal, name, instant)).get(stage, stage)
        since, until = self._repository.move_at(str(name), alias, epoch_ms(instant))
        version = since.to_version if since else None
        return InProduction(str(name), stage, alias, epoch_ms(instant), version, since, until)

    def _requirements_at(self, principal: Principal, name: ModelName, instant: datetime) -> Requirements | None:
        try:
            return self._requirements.at(principal, name, instant).requirements
        except NoRequirements:
            return None

    def _stages(self, name: ModelName) -> dict[str, str]:
        revision = self._requirements.deployed(str(name))
        return stages_of(revision.requirements if revision else None)

    def _move_to(self, model: str, version: int, alias: str, since: int) -> AliasMove | None:
        """How an alias came to a version the last time; else how any did. A model of this name that was there before
        had other versions, under the same numbers."""
        moves = [each for each in self._repository.moves_to(model, version) if each.moved_at >= since]
        return next((move for move in moves if move.alias == alias), next(iter(moves), None))
