"""Promoting: a decision is made, and the alias of a stage moves by compare-and-set, with the decision attached."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import Conflict, InvalidInput, did_you_mean
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.models.aliases import AliasMoved
from boathouse.models.evidence.nouns import Evaluation
from boathouse.models.gates.policy import PRODUCTION, Policy
from boathouse.models.nouns import ANY, AliasDecision, AnyVersion, DecisionKind
from boathouse.models.promotion.decisions import Decisions
from boathouse.models.promotion.nouns import Decision, Promotion, Standing
from boathouse.models.promotion.policies import DeployedPolicy
from boathouse.models.promotion.wire import kept_document
from boathouse.models.registry import Registry

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

KIND = SecurableKind.REGISTERED_MODEL
COMPARING_GATE = "against_champion"
_SHOWN_REASONS = 5
_NEXT = {
    Standing.BLOCKED: "See every rule: boathouse model gates {address}",
    Standing.AWAITS_APPROVAL: "Who may sign does so with: boathouse model approve {address}",
    Standing.NOT_EVALUATED: "Whether its job runs already: boathouse model deployments {model}",
    Standing.REFUSED: "Whoever has refused can take it back; see: boathouse model approvals {address}",
}


class NotPromotable(Conflict):
    """Evidence and signatures do not come to a promotion; ``decision`` says why."""

    def __init__(self, decision: Decision, stage: str) -> None:
        self.decision = decision
        reasons = " ".join(decision.reasons[:_SHOWN_REASONS])
        more = len(decision.reasons) - _SHOWN_REASONS
        super().__init__(
            f"Version {decision.version} of {decision.model} may not go to {stage} "
            f"({decision.standing.value.replace('_', ' ')}): {reasons}" + (f" And {more} more." if more > 0 else ""),
            hint=_NEXT[decision.standing].format(model=decision.model, address=f"{decision.model}@{decision.version}"),
        )


class ChampionMoved(Conflict):
    """The version was compared with another champion than there is now."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants promoted, and what they believe of the alias."""

    stage: str = PRODUCTION
    expected: int | AnyVersion | None = ANY
    """Where the alias points now; None: nowhere yet."""
    reason: str | None = None


class Promotions:
    """The verb that brings a version to a stage."""

    def __init__(self, catalog: "Catalog", registry: Registry, decisions: Decisions, clock: Clock) -> None:
        self._catalog = catalog
        self._registry = registry
        self._decisions = decisions
        self._clock = clock

    def promote(self, principal: Principal, name: ModelName, version: int, wish: Wish | None = None) -> Promotion:
        """Bring a version to a stage; to production, or by a protected alias, only if its decision says that it may.

        Promoting what is there already changes nothing, so that a task which was killed can run again.

        Raises:
            NotPromotable: Evidence or signatures keep it from there.
            ChampionMoved: It was compared with a version that is champion no more.
            AliasMoved: Somebody moved the alias meanwhile, or it does not point where it is expected to.
            NoRequirements: Nobody has said what the model has to meet.
            Denied: The principal may not manage the model.
        """
        wish = wish or Wish()
        params = {"version": version, "stage": wish.stage, "reason": wish.reason}
        with self._catalog.audit.verb(principal, "models", "promoteModelVersion", KIND, str(name), params):
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, str(name))
            seen = self._registry.aliases.of(name)
            with self._registry.alone_with(name):
                # Not before: while this waited for others, stricter rules may have been deployed.
                deployed = self._decisions.require_policy(name)
                stage, alias = stage_and_alias(deployed.policy, wish.stage)
                return self._promote(principal, name, version, deployed, _Place(stage, alias, seen.get(alias), wish))

    def _promote(
        self, principal: Principal, name: ModelName, version: int, deployed: DeployedPolicy, place: "_Place"
    ) -> Promotion:
        self._registry.require_version(name, version)
        current = self._registry.aliases.of(name).get(place.alias)
        expected = place.seen if place.wish.expected is ANY else place.wish.expected
        decision, evaluation = self._decisions.under(principal, name, version, deployed)
        if current == version and place.wish.expected in (ANY, version):
            last = next(iter(self._registry.aliases.history(principal, name, place.alias)), None)
            return Promotion(decision, last, place.stage, is_new=False)
        if current != expected:
            raise AliasMoved(
                f"The alias {place.alias!r} of {name} points at {_spoken(current)}, not at {_spoken(expected)}.",
                hint=f"Somebody was faster. See what is there now: boathouse model why {name}@{place.alias}",
            )
        policy = deployed.policy
        if place.alias in (policy.production_alias, *policy.protected_aliases):
            if not decision.may_be_promoted:
                raise NotPromotable(decision, place.stage)
            if place.alias == policy.production_alias:
                require_compared(evaluation, version, current, policy)
        decided = AliasDecision(
            new_id(),
            DecisionKind.PROMOTION,
            str(name),
            version,
            place.alias,
            kept_document(decision, stage=place.stage, policy_hash=policy.document_hash),
            principal.name,
            epoch_ms(self._clock.now()),
        )
        move = self._registry.aliases.carry_out(principal, decided, expected=expected, reason=place.wish.reason)
        return Promotion(decision, move, place.stage)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a version should go, and what was there when the verb began."""

    stage: str
    alias: str
    seen: int | None
    wish: Wish


def stage_and_alias(policy: Policy, text: str) -> tuple[str, str]:
    """The stage that somebody means by its name or by its alias, and the alias.

    Raises:
        InvalidInput: There is no such stage.
    """
    if text in policy.stages:
        return text, policy.stages[text]
    stage = next((stage for stage, alias in policy.stages.items() if alias == text), None)
    if stage is None:
        known = ", ".join(f"{stage} ({alias})" for stage, alias in policy.stages.items())
        raise InvalidInput(
            f"There is no stage {text!r}.", hint=did_you_mean(text, policy.stages) or f"There are: {known}."
        )
    return stage, text


def require_compared(evaluation: Evaluation | None, version: int, champion: int | None, policy: Policy) -> None:
    """Go on only if the version was compared with the champion that it would take the place of.

    Raises:
        ChampionMoved: It was compared with another, or with none.
    """
    if evaluation is None or champion in (None, version, evaluation.champion) or policy.gate(COMPARING_GATE) is None:
        return
    was = "no champion" if evaluation.champion in (None, version) else f"version {evaluation.champion}"
    raise ChampionMoved(
        f"Version {version} of {evaluation.model} was compared with {was}, and the champion is version {champion} now.",
        hint=f"Evaluate it again: boathouse model deploy {evaluation.model}@{version}",
    )


def _spoken(version: int | AnyVersion | None) -> str:
    return "nothing" if version is None else f"version {version}"
