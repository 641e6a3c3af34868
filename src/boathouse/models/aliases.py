"""Aliases of registered models: they move one at a time, alone with their model, and each move is written down."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.context import current_request
from boathouse.foundation.errors import Conflict, NotFound, did_you_mean
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.models.intents import Intents
from boathouse.models.mlflow_webhooks import tell_of_alias
from boathouse.models.nouns import ANY, AliasDecision, AliasMove, AnyVersion, DecisionKind, IntentKind
from boathouse.models.repository import ModelRepository
from boathouse.models.stores import MlflowStores

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

T = TypeVar("T")
KIND = SecurableKind.REGISTERED_MODEL


class ModelNotFound(NotFound):
    """There is no model, version or alias of this name."""


class AliasMoved(Conflict):
    """The alias does not point where the caller thought it did."""


AliasGuard = Callable[[Principal, ModelName, str, int | None], None]
"""Raises unless the alias may be moved directly, to a version or away."""
StageGuard = Callable[[Principal, ModelName, str, int], None]
"""Raises unless a version may be put in one of MLflow's own stages."""


class Aliases:
    """The verbs on aliases, our own and those that MLflow's API goes through."""

    def __init__(
        self, stores: MlflowStores, catalog: "Catalog", intents: Intents, repository: ModelRepository, clock: Clock
    ) -> None:
        self._stores = stores
        self._catalog = catalog
        self._intents = intents
        self._repository = repository
        self._clock = clock
        self._guards: list[AliasGuard] = []
        self._stage_guards: list[StageGuard] = []

    def protect(self, guard: AliasGuard) -> None:
        """Ask this before an alias moves in any way but by a decision."""
        self._guards.append(guard)

    def protect_stages(self, guard: StageGuard) -> None:
        """Ask this before a version comes to one of MLflow's own stages."""
        self._stage_guards.append(guard)

    def of(self, name: ModelName) -> dict[str, int]:
        """Where the aliases of a model point, for whoever has asked for the right already."""
        return self._stores.aliases(str(name))

    def set(
        self,
        principal: Principal,
        name: ModelName,
        alias: str,
        version: int,
        *,
        expected: int | AnyVersion | None = ANY,
        reason: str | None = None,
    ) -> AliasMove:
        """Point an alias at a version; with ``expected``, only if it still points there (None: does not exist yet).

        Raises:
            AliasMoved: It points somewhere else.
            ModelNotFound: There is no such version.
            Conflict: The alias moves by promotion and rollback only.
        """
        params = {"alias": alias, "version": str(version)}
        with self._catalog.audit.verb(principal, "models", "setRegisteredModelAlias", KIND, str(name), params):
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, str(name))
            return self._point(principal, name, alias, version, expected=expected, reason=reason)

    def carry_out(
        self,
        principal: Principal,
        decision: AliasDecision,
        *,
        expected: int | AnyVersion | None = ANY,
        reason: str | None = None,
    ) -> AliasMove:
        """Move an alias as it was decided; the decision is kept with the move, whatever kills the process in between.

        The caller has asked for the right, made the decision and records the verb. An alias that points there already
        stays, and the decision is not kept: nothing came of it.

        Raises:
            AliasMoved: It does not point where it is expected to.
        """
        name = ModelName.parse(decision.model)
        return self._point(
            principal, name, decision.alias, decision.version, expected=expected, reason=reason, decision=decision
        )

    def _point(
        self,
        principal: Principal,
        name: ModelName,
        alias: str,
        version: int,
        *,
        expected: int | AnyVersion | None,
        reason: str | None,
        decision: AliasDecision | None = None,
    ) -> AliasMove:
        with self._intents.alone_with(str(name)):
            current = self._stores.aliases(str(name)).get(alias)
            if expected is not ANY and current != expected:
                raise AliasMoved(
                    f"The alias {alias!r} of {name} points at {_spoken(current)}, not at {_spoken(expected)}.",
                    hint="Somebody was faster; look again with: boathouse models aliases " + str(name),
                )
            require_version(self._repository, name, version)
            set_it = self._stores.registry.set_registered_model_alias
            self.moving(
                principal,
                name,
                alias,
                version,
                lambda: self._stores.call(lambda: set_it(str(name), alias, str(version))),
                reason=reason,
                through=decision.kind.value if decision else "boathouse",
                decision=decision,
            )
            return self._repository.moves(str(name), alias, 1)[0]

    def delete(self, principal: Principal, name: ModelName, alias: str, *, reason: str | None = None) -> AliasMove:
        """Take an alias away; the version it pointed at stays.

        Raises:
            ModelNotFound: There is no such alias.
        """
        with self._catalog.audit.verb(
            principal, "models", "deleteRegisteredModelAlias", KIND, str(name), {"alias": alias}
        ):
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, str(name))
            with self._intents.alone_with(str(name)):
                known = self._stores.aliases(str(name))
                if alias not in known:
                    raise ModelNotFound(f"{name} has no alias {alias!r}.", hint=did_you_mean(alias, known))
                unset = self._stores.registry.delete_registered_model_alias
                self.moving(
                    principal,
                    name,
                    alias,
                    None,
                    lambda: self._stores.call(lambda: unset(str(name), alias)),
                    reason=reason,
                    through="boathouse",
                )
                return self._repository.moves(str(name), alias, 1)[0]

    def history(self, principal: Principal, name: ModelName, alias: str | None = None) -> list[AliasMove]:
        """How the aliases of a model moved, newest first."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(name))
        return self._repository.moves(str(name), alias)

    # --- what both our verbs and MLflow's API go through

    def moving(
        self,
        principal: Principal,
        name: ModelName,
        alias: str,
        version: int | None,
        act: Callable[[], T],
        *,
        succeeded: Callable[[T], bool] = lambda _: True,
        reason: str | None = None,
        through: str = "mlflow",
        decision: AliasDecision | None = None,
    ) -> T:
        """Move an alias in MLflow by ``act``, alone with the model, and write the move down with its decision.

        Raises:
            Conflict: Nobody has decided it, and the alias moves by promotion and rollback only.
        """
        with self._intents.alone_with(str(name)):
            before = self._stores.aliases(str(name)).get(alias)
            if decision is None and before != version:
                self.require_movable(principal, name, alias, version)

            def follow(_: T) -> None:
                if through != "mlflow":
                    tell_of_alias(self._stores.registry, str(name), alias, version)
                if before == version:
                    return
                move = self._move(principal, str(name), alias, before, version, reason, through)
                if decision is None:
                    self._repository.record_moves([move])
                else:
                    self._repository.record_moves([replace(move, decision_id=decision.decision_id)], [decision])

            details = {"alias": alias, "through": through}
            if decision is not None:
                details["decision"] = decision_text(decision)
            if version is not None:
                details["version"] = str(version)
            if reason is not None:
                details["reason"] = reason
            return self._intents.carry_out(
                IntentKind.MOVE_ALIAS,
                str(name),
                principal,
                act=act,
                follow=follow,
                succeeded=succeeded,
                details=details,
            )

    def record_differences(
        self, principal: Principal, name: str, now: dict[str, int], *, through: str, reason: str | None
    ) -> None:
        """Write down every difference between the recorded aliases of a model and those it has now."""
        recorded = {alias: version for (_, alias), version in self._repository.recorded_aliases(name).items()}
        self._repository.record_moves(
            self._move(principal, name, alias, recorded.get(alias), now.get(alias), reason, through)
            for alias in sorted(recorded.keys() | now.keys())
            if recorded.get(alias) != now.get(alias)
        )

    def staging(self, principal: Principal, name: ModelName, version: int, stage: str, act: Callable[[], T]) -> T:
        """Put a version in one of MLflow's own stages, which are deprecated, by ``act``.

        Raises:
            Conflict: What goes to production is decided, and the stage would go past that.
        """
        with self._intents.alone_with(str(name)):
            for guard in self._stage_guards:
                guard(principal, name, stage, version)
            return act()

    def require_movable(self, principal: Principal, name: ModelName, alias: str, version: int | None) -> None:
        for guard in self._guards:
            guard(principal, name, alias, version)

    def _move(
        self,
        principal: Principal,
        model: str,
        alias: str,
        before: int | None,
        after: int | None,
        reason: str | None,
        through: str,
    ) -> AliasMove:
        now = epoch_ms(self._clock.now())
        return AliasMove(
            model, alias, before, after, principal.name, now, reason, through, current_request().request_id
        )


def require_version(repository: ModelRepository, name: ModelName, version: int) -> None:
    """
    Raises:
        ModelNotFound: There is no such version.
    """
    if not repository.has_version(str(name), version):
        known = sorted(repository.versions_of(str(name)))
        numbers = ", ".join(str(each) for each in known[-20:]) or "none yet"
        raise ModelNotFound(f"{name} has no version {version}.", hint=f"It has: {numbers}.")


def decision_text(decision: AliasDecision) -> str:
    """A decision as an intent keeps it."""
    return json.dumps({name: getattr(decision, name) for name in AliasDecision.__slots__}, ensure_ascii=False)


def decision_from_text(text: str) -> AliasDecision:
    found: dict[str, Any] = json.loads(text)
    found["kind"] = DecisionKind(found["kind"])
    return AliasDecision(**found)


def _spoken(version: int | AnyVersion | None) -> str:
    return "nothing" if version is None else f"version {version}"
