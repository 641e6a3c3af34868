"""One endpoint, resolved: aliases become versions, versions become files, rights are looked at again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.principals import Principal
from boathouse.models import Models
from boathouse.models.requirements.requirements import Requirements
from boathouse.serving.endpoints import repository as rows
from boathouse.serving.endpoints.access import Access
from boathouse.serving.endpoints.defaults import with_defaults
from boathouse.serving.endpoints.nouns import (
    Endpoint,
    EndpointConfig,
    EntityKind,
    ReadyState,
    ServedEntity,
    Standing,
    StandingEntity,
    StandingRoute,
)
from boathouse.serving.endpoints.policy import EndpointPolicy, RungKind, Shadow
from boathouse.serving.preparing.opening import NotThere, Opened, Opening
from boathouse.serving.preparing.rungs import Above, Rungs, rungs_of
from boathouse.serving.rollout import plan
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveShadow

SHADOW = "shadow"
"""What a version is called that only watches."""
_MOST_STANDINGS = 100


class Rollouts(Protocol):
    """How versions come to their traffic."""

    def standings(
        self, endpoint: Endpoint, policy: EndpointPolicy, versions: Mapping[str, int | None]
    ) -> Mapping[str, plan.Standing]:
        """Which versions of each served entity answer, when its alias (or its configuration) means ``versions``. A
        version that has just come begins its rollout here."""
        ...


class AtOnce:
    """Without rollouts: who comes has all of the traffic."""

    def standings(
        self, endpoint: Endpoint, policy: EndpointPolicy, versions: Mapping[str, int | None]
    ) -> Mapping[str, plan.Standing]:
        return {name: plan.Standing(version) for name, version in versions.items()}


@dataclass(frozen=True, slots=True)
class Given:
    """What is kept of an endpoint."""

    endpoint: Endpoint
    policy: EndpointPolicy
    last: Standing | None
    """What it stood for at the last look."""


@dataclass(slots=True)
class _Found:
    """What has been resolved so far."""

    versions: dict[str, int | None] = field(default_factory=dict[str, int | None])
    opened: dict[tuple[str, int | None], Opened] = field(default_factory=dict[tuple[str, int | None], Opened])
    why: list[str] = field(default_factory=list[str])
    """What is not as it was asked for; the endpoint may answer nevertheless."""
    is_ready: bool = True


@dataclass(frozen=True, slots=True)
class Resolved:
    """An endpoint as the snapshot has it, and what is remembered of that."""

    live: LiveEndpoint
    standing: Standing


class Resolving:
    """Resolves endpoints during one look at all of them."""

    def __init__(self, access: Access, models: Models, opening: Opening, rollouts: Rollouts) -> None:
        self._access = access
        self._models = models
        self._opening = opening
        self._rollouts = rollouts
        self._aliases: dict[str, dict[str, int]] = {}
        self._asked: dict[str, Requirements | None] = {}
        self._owners: dict[str, Principal | str] = {}
        """Owners, or why they cannot act."""

    def resolve(self, given: Given, now: int) -> Resolved:
        """
        Raises:
            Unavailable: A part that is needed has not started yet; what stood stays.
        """
        endpoint = given.endpoint
        owner = self._access.owner(endpoint.name) or endpoint.creator
        main = _main(endpoint)
        policy, remark = self._policy(given.policy, main)
        found = self._entities(given, policy, owner)
        found.why += [remark] if remark else []
        if not found.is_ready:
            return self._goes_on(given, found, now) or self._not_ready(given, policy, owner, found, now)
        standings = self._standings(endpoint, policy, owner, found)
        live = {key: opened.entity for key, opened in found.opened.items()}
        routes = plan.routes_of(endpoint, policy, live, standings)
        standing = standings[main.name]
        rungs = self._rungs(given, policy, owner, main, live[main.name, standing.version])
        shadow, idle = self._shadow(endpoint, policy, owner, main, standing.version)
        opened = [*found.opened.values(), *rungs.opened, *([shadow] if shadow else [])]
        made = LiveEndpoint(
            endpoint_id=endpoint.endpoint_id,
            name=endpoint.name,
            config_version=endpoint.config.version,
            entities=_once(opened),
            routes=routes,
            callers=self._access.callers(endpoint.name),
            policy=policy,
            why=" ".join([*found.why, *rungs.missing, *idle]) or None,
            shadows=(LiveShadow(shadow.entity.entity_id, policy.shadow.percent),) if shadow and policy.shadow else (),
            ladder=tuple(rungs.live),
            features={each.entity.entity_id: each.features for each in opened if each.features is not None},
            capture=endpoint.config.capture,
            masked_columns=self._masked(endpoint, policy, opened),
            tagged_share=self._tagged_share(endpoint, policy, opened),
            owner=owner,
        )
        return Resolved(made, _standing(given, made, ReadyState.READY, now))

    def _goes_on(self, given: Given, found: _Found, now: int) -> Resolved | None:
        """The configuration that answered last, as long as the one that was given since never has."""
        endpoint = given.endpoint
        before = self._answered_last(endpoint) if given.last is not None else None
        if before is None or before.version == endpoint.config.version:
            return None
        resolved = self.resolve(replace(given, endpoint=replace(endpoint, config=before)), now)
        if resolved.standing.state is not ReadyState.READY:
            return None
        remark = f"Configuration {before.version} goes on answering."
        why = " ".join(dict.fromkeys([*found.why, remark, *([resolved.live.why] if resolved.live.why else [])]))
        return Resolved(replace(resolved.live, why=why), replace(resolved.standing, why=why))

    def _answered_last(self, endpoint: Endpoint) -> EndpointConfig | None:
        with self._models.catalog.database.read() as connection:
            known = rows.standings(connection, endpoint.endpoint_id, _MOST_STANDINGS)
            ready = next((each for each in known if each.state is ReadyState.READY), None)
            return None if ready is None else rows.config(connection, endpoint.endpoint_id, ready.config_version)

    # --- what answers

    def _entities(self, given: Given, policy: EndpointPolicy, owner: str) -> _Found:
        """The version of each entity, opened; where the one that is asked for cannot answer, the one that stood goes
        on, so that an alias that moves to nothing takes nobody's answers away."""
        found = _Found()
        for served in given.endpoint.config.entities:
            if (lack := self._lack(owner, served)) is not None:
                found.why.append(lack)
                found.is_ready = False
                continue
            version = self._version(served)
            stood = _stood(given.last, served)
            attempts = [version, *([stood] if stood not in (None, version) else [])]
            opened = self._first(given.endpoint, owner, served, attempts, policy, found)
            if opened is None:
                found.is_ready = False
            else:
                found.versions[served.name] = opened.entity.version
                found.opened[served.name, opened.entity.version] = opened
        return found

    def _lack(self, owner: str, served: ServedEntity) -> str | None:
        if owner not in self._owners:
            try:
                self._owners[owner] = self._access.acting(owner)
            except (NotFound, Denied) as error:
                self._owners[owner] = f"{owner}, who owns the endpoint, cannot act: {error.message}"
        found = self._owners[owner]
        return found if isinstance(found, str) else self._access.lack(found, served)

    def _first(
        self,
        endpoint: Endpoint,
        owner: str,
        served: ServedEntity,
        attempts: Sequence[int | None],
        policy: EndpointPolicy,
        found: _Found,
    ) -> Opened | None:
        for place, version in enumerate(attempts):
            if served.kind is EntityKind.MODEL and version is None:
                found.why.append(f"{served.entity} has no alias {served.alias} yet.")
                continue
            try:
                opened = self._open(endpoint, owner, served, version, policy)
            except NotThere as error:
                found.why.append(str(error))
                continue
            if place:
                found.why.append(f"Version {version} goes on answering.")
            return opened
        return None

    def _open(
        self, endpoint: Endpoint, owner: str, served: ServedEntity, version: int | None, policy: EndpointPolicy
    ) -> Opened:
        with_baseline = any(rung.kind is RungKind.BASELINE for rung in policy.fallback)
        return self._opening.open(endpoint.endpoint_id, owner, served, version, with_baseline=with_baseline)

    def _standings(
        self, endpoint: Endpoint, policy: EndpointPolicy, owner: str, found: _Found
    ) -> Mapping[str, plan.Standing]:
        """How versions come to their traffic, with all of them opened. Where one that a rollout needs is gone, there is
        nothing to come from: who was asked for answers at once."""
        standings = self._rollouts.standings(endpoint, policy, found.versions)
        try:
            for served in endpoint.config.entities:
                for version in standings[served.name].versions:
                    if (served.name, version) not in found.opened:
                        found.opened[served.name, version] = self._open(endpoint, owner, served, version, policy)
        except NotThere as error:
            found.why.append(str(error))
            return AtOnce().standings(endpoint, policy, found.versions)
        return standings

    def _version(self, served: ServedEntity) -> int | None:
        if served.alias is None:
            return served.version
        return self._aliases_of(served.entity).get(served.alias)

    def _aliases_of(self, model: str) -> Mapping[str, int]:
        if model not in self._aliases:
            recorded = self._models.repository.recorded_aliases(model)
            self._aliases[model] = {alias: to for (_, alias), to in recorded.items() if to is not None}
        return self._aliases[model]

    # --- what stands beside

    def _policy(self, policy: EndpointPolicy, main: ServedEntity) -> tuple[EndpointPolicy, str | None]:
        """The policy with what the model asks for, and what of that means nothing."""
        try:
            return with_defaults(policy, self._requirements(main)), None
        except InvalidInput as error:
            return policy, error.message

    def _requirements(self, served: ServedEntity) -> Requirements | None:
        """What ``boathouse.yml`` says of the model, for an endpoint that follows its alias."""
        if served.kind is not EntityKind.MODEL or served.alias is None:
            return None
        if served.entity not in self._asked:
            revision = self._models.requirements.deployed(served.entity)
            self._asked[served.entity] = revision.requirements if revision is not None else None
        return self._asked[served.entity]

    def _rungs(self, given: Given, policy: EndpointPolicy, owner: str, main: ServedEntity, live: LiveEntity) -> Rungs:
        if not policy.fallback:
            return Rungs()
        is_previous_asked = any(rung.kind is RungKind.PREVIOUS for rung in policy.fallback)
        moves = self._models.repository.moves(main.entity, main.alias) if main.alias and is_previous_asked else ()
        configs = self._configs(given) if is_previous_asked and main.alias is None else ()
        above = Above(given.endpoint.endpoint_id, owner, main, live, moves, configs)
        return rungs_of(policy.fallback, above, self._opening)

    def _configs(self, given: Given) -> Sequence[rows.EndpointConfig]:
        with self._models.catalog.database.read() as connection:
            return rows.configs(connection, given.endpoint.endpoint_id)

    def _shadow(
        self, endpoint: Endpoint, policy: EndpointPolicy, owner: str, main: ServedEntity, answering: int | None
    ) -> tuple[Opened | None, Sequence[str]]:
        """The version that only watches, or why there is none although it is there; none while it is not there."""
        if policy.shadow is None or main.kind is not EntityKind.MODEL:
            return None, ()
        served = _shadowed(main, policy.shadow)
        version = self._version(served)
        if version is not None and version == answering:
            called = f"{served.alias} is version {version}" if served.alias else f"Version {version}"
            return None, [f"Nobody shadows {served.entity}: {called}, which answers."]
        try:
            opened = None if version is None else self._opening.open(endpoint.endpoint_id, owner, served, version)
        except NotThere:
            return None, ()
        return opened, ()

    def _masked(self, endpoint: Endpoint, policy: EndpointPolicy, opened: Sequence[Opened]) -> frozenset[str]:
        rules = policy.capture
        named = frozenset(rules.mask_columns)
        if not rules.mask_tags:
            return named
        return named | self._opening.masked(endpoint.endpoint_id, endpoint.config.capture, opened, rules.mask_tags)

    def _tagged_share(self, endpoint: Endpoint, policy: EndpointPolicy, opened: Sequence[Opened]) -> float:
        target, shares = endpoint.config.capture, policy.capture.sample_tags
        found = [
            share for tag, share in shares.items()
            if self._opening.carries(endpoint.endpoint_id, target, opened, tag)
        ]  # fmt: skip
        return min(found, default=1.0)

    def _not_ready(self, given: Given, policy: EndpointPolicy, owner: str, found: _Found, now: int) -> Resolved:
        endpoint = given.endpoint
        made = LiveEndpoint(
            endpoint_id=endpoint.endpoint_id,
            name=endpoint.name,
            config_version=endpoint.config.version,
            entities=(),
            routes=(),
            callers=self._access.callers(endpoint.name),
            policy=policy,
            why=" ".join(dict.fromkeys(found.why)) or "It is not known what is missing.",
            capture=endpoint.config.capture,
            owner=owner,
        )
        return Resolved(made, _standing(given, made, ReadyState.NOT_READY, now))


def _main(endpoint: Endpoint) -> ServedEntity:
    """The entity with the largest share; of equal ones the first."""
    shares = {route.entity: route.percent for route in endpoint.config.routes}
    return max(endpoint.config.entities, key=lambda each: shares.get(each.name, 0.0))


def _shadowed(main: ServedEntity, shadow: Shadow) -> ServedEntity:
    return replace(main, name=SHADOW, version=shadow.version, alias=shadow.alias)


def _stood(last: Standing | None, served: ServedEntity) -> int | None:
    """The version that answered for the entity at the last look."""
    if last is None:
        return None
    answering = {route.entity_id for route in last.routes if route.role != plan.CANARY}
    found = [each for each in last.entities if each.name == served.name and each.entity == served.entity]
    return next((each.version for each in found if each.entity_id in answering), None)


def _once(opened: Sequence[Opened]) -> tuple[LiveEntity, ...]:
    return tuple({each.entity.entity_id: each.entity for each in opened}.values())


def _standing(given: Given, live: LiveEndpoint, state: ReadyState, now: int) -> Standing:
    return Standing(
        since=now,
        config_version=live.config_version,
        policy_revision=given.endpoint.policy_revision,
        state=state,
        why=live.why,
        entities=tuple(StandingEntity(each.entity_id, each.name, each.entity, each.version) for each in live.entities),
        routes=tuple(StandingRoute(each.entity_id, each.percent, each.role) for each in live.routes),
    )
