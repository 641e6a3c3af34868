"""The verbs on rollouts. What is in force is in the database, so that whoever is killed goes on where it was."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.catalog.repository import generations
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import Conflict, InvalidInput, NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.serving.endpoints import repository as endpoint_rows
from boathouse.serving.endpoints.nouns import Endpoint
from boathouse.serving.endpoints.policy import Canary, EndpointPolicy
from boathouse.serving.endpoints.service import Endpoints
from boathouse.serving.rollout import repository as rows
from boathouse.serving.rollout.beginning import Change, change_of, renamed
from boathouse.serving.rollout.nouns import Finding, Rollout, RolloutState, Served, Step, StepKind, Stood
from boathouse.serving.rollout.plan import Standing

if TYPE_CHECKING:
    from sqlalchemy import Connection

_EVENTS = {
    StepKind.BEGAN: EventType.ROLLOUT_STEPPED,
    StepKind.ADVANCED: EventType.ROLLOUT_STEPPED,
    StepKind.DONE: EventType.ROLLOUT_DONE,
    StepKind.ABORTED: EventType.ROLLOUT_ABORTED,
    StepKind.SUPERSEDED: EventType.ROLLOUT_ABORTED,
}
_ACTIONS = {
    StepKind.BEGAN: "beginRollout",
    StepKind.ADVANCED: "advanceRollout",
    StepKind.DONE: "completeRollout",
    StepKind.ABORTED: "abortRollout",
    StepKind.SUPERSEDED: "supersedeRollout",
}
_MOST_REASONS = 5


class NoRollout(NotFound):
    """Nothing is on its way to the traffic of the endpoint."""


class RolloutMoved(Conflict):
    """Somebody else has stepped meanwhile."""


class Rollouts:
    """Begins, advances, aborts and shows rollouts."""

    def __init__(self, catalog: Catalog, endpoints: Endpoints, clock: Clock) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._endpoints = endpoints
        self._clock = clock

    # --- what the snapshot asks

    def standings(
        self, endpoint: Endpoint, policy: EndpointPolicy, versions: Mapping[str, int | None]
    ) -> dict[str, Standing]:
        """Which versions of each served entity answer, when its alias (or its configuration) means ``versions``. A
        version that has just come begins its rollout here."""
        with self._database.read() as connection:
            changes, moved = _changes(connection, endpoint, policy, versions)
            left = _left(connection, endpoint)
        if not moved and not left and not any(each.is_any for each in changes.values()):
            return {name: each.standing for name, each in changes.items()}
        with self._database.write() as connection:
            for old, new in _changes(connection, endpoint, policy, versions)[1]:
                self._rename(connection, endpoint, old, new)
            for rollout in _left(connection, endpoint):
                self._supersede(connection, rollout, "the endpoint does not serve it any more")
            changes, _ = _changes(connection, endpoint, policy, versions)
            for name, change in changes.items():
                self._apply(connection, endpoint, policy, name, change)
            return {name: each.standing for name, each in changes.items()}

    # --- verbs of people

    def of(self, principal: Principal, name: str, *, limit: int = 20) -> list[tuple[Rollout, list[Step]]]:
        """The rollouts of an endpoint, newest first, each with its steps."""
        endpoint = self._endpoints.get(principal, name)
        with self._database.read() as connection:
            found = rows.of(connection, endpoint.endpoint_id, limit=limit)
            steps = rows.steps(connection, [each.rollout_id for each in found])
        return [(each, [step for step in steps if step.rollout_id == each.rollout_id]) for each in found]

    def advance(self, principal: Principal, name: str, *, entity: str | None = None) -> Rollout:
        """Take the next step now, whatever the rules say.

        Raises:
            NoRollout: Nothing is under way.
            RolloutMoved: Somebody was faster.
            Denied: The principal may not manage the endpoint.
        """
        with self._endpoints.access.verb(principal, "advanceRollout", name, entity=entity):
            rollout = self._running(principal, name, entity)
            return self.step(principal, rollout, reason="by hand", is_audited=True)

    def abort(self, principal: Principal, name: str, reason: str, *, entity: str | None = None) -> Rollout:
        """Give the traffic back to the version before, at once.

        Raises:
            InvalidInput: There is no reason.
            NoRollout, RolloutMoved, Denied: As ``advance``.
        """
        if not reason.strip():
            raise InvalidInput("A rollout is aborted for a reason.", hint="Give --reason.")
        with self._endpoints.access.verb(principal, "abortRollout", name, entity=entity, reason=reason):
            rollout = self._running(principal, name, entity)
            return self.end(principal, rollout, reason=reason, is_audited=True)

    def retry(self, principal: Principal, name: str, *, entity: str | None = None) -> Rollout:
        """Let a version that was aborted come again.

        Raises:
            NoRollout: The last rollout was not aborted, or its version is not asked for any more.
        """
        with self._endpoints.access.verb(principal, "retryRollout", name, entity=entity):
            self._endpoints.access.require(principal, Privilege.MANAGE, name)
            endpoint = self._endpoints.get(principal, name)
            with self._database.write() as connection:
                found = [each for each in rows.of(connection, endpoint.endpoint_id)
                         if entity in (None, each.served.entity)][:1]  # fmt: skip
                stood = rows.standing(connection, endpoint.endpoint_id)
                last = found[0] if found else None
                now = stood.get(last.served.entity) if last else None
                if last is None or now is None or now.rejected != last.to_version:
                    raise NoRollout(f"No rollout of {name} was aborted whose version is still asked for.")
                rows.let_stand(connection, last.served, Stood(now.model, now.version), self._now())
                versions = last.from_version, last.to_version
                return self._begin(connection, principal, last.served, versions, last.canary)

    # --- steps, by people and by the controller

    def running(self) -> list[Rollout]:
        """All that are under way."""
        with self._database.read() as connection:
            return rows.running(connection)

    def step(
        self,
        principal: Principal,
        rollout: Rollout,
        *,
        findings: Sequence[Finding] = (),
        reason: str | None = None,
        is_audited: bool = False,
    ) -> Rollout:
        """The next share of the traffic; after the last one the new version stands.

        Raises:
            RolloutMoved: Somebody has stepped since ``rollout`` was read.
        """
        now = self._now()
        is_last = rollout.next_percent >= 100
        kind = StepKind.DONE if is_last else StepKind.ADVANCED
        after = replace(
            rollout, step=rollout.step + 1, step_began_at=now, revision=rollout.revision + 1, why=None,
            state=RolloutState.DONE if is_last else RolloutState.RUNNING, ended_at=now if is_last else None,
        )  # fmt: skip
        with self._database.write() as connection:
            self._require_changed(connection, rollout, after)
            if is_last:
                rows.let_stand(connection, rollout.served, Stood(rollout.served.model, rollout.to_version), now)
            self._told(connection, principal, kind, (rollout, after), findings, reason, is_audited=is_audited)
        return after

    def end(
        self,
        principal: Principal,
        rollout: Rollout,
        *,
        findings: Sequence[Finding] = (),
        reason: str,
        is_audited: bool = False,
    ) -> Rollout:
        """All traffic back to the version before; it is not tried again before the alias has left it.

        Raises:
            RolloutMoved: Somebody has stepped since ``rollout`` was read.
        """
        now = self._now()
        after = replace(
            rollout, state=RolloutState.ABORTED, ended_at=now, revision=rollout.revision + 1, why=reason,
            alias_is_due=rollout.canary.roll_back_alias and rollout.served.alias is not None,
        )  # fmt: skip
        stood = Stood(rollout.served.model, rollout.from_version, rejected=rollout.to_version)
        with self._database.write() as connection:
            self._require_changed(connection, rollout, after)
            rows.let_stand(connection, rollout.served, stood, now)
            self._told(
                connection, principal, StepKind.ABORTED, (rollout, after), findings, reason, is_audited=is_audited
            )
        return after

    def forget(self, rollout: Rollout) -> bool:
        """End a rollout whose endpoint was deleted; False: it is there."""
        with self._database.read() as connection:
            if endpoint_rows.find_by_id(connection, rollout.served.endpoint_id) is not None:
                return False
        with self._database.write() as connection:
            self._supersede(connection, rollout, "the endpoint was deleted")
        return True

    # --- within

    def _apply(
        self, connection: "Connection", endpoint: Endpoint, policy: EndpointPolicy, name: str, change: Change
    ) -> None:
        entity = next(each for each in endpoint.config.entities if each.name == name)
        served = Served(endpoint.endpoint_id, endpoint.name, name, entity.entity, entity.alias)
        if change.ends is not None:
            for each in rows.running(connection, endpoint.endpoint_id):
                if each.served.entity == name:
                    self._supersede(connection, each, change.ends)
        if change.stands is not None:
            rows.let_stand(connection, served, change.stands, self._now())
        standing = change.standing
        if change.begins and standing.version is not None and standing.canary is not None and policy.canary:
            self._begin(connection, SYSTEM, served, (standing.version, standing.canary), policy.canary)

    def _begin(
        self, connection: "Connection", principal: Principal, served: Served, versions: tuple[int, int], canary: Canary
    ) -> Rollout:
        now = self._now()
        begun = Rollout(new_id(), served, *versions, canary, RolloutState.RUNNING, 0, now, now, principal.name)
        rows.add(connection, begun)
        before = replace(begun, state=RolloutState.ABORTED)
        reason = f"{served.alias or 'the configuration'} means version {begun.to_version}"
        self._told(connection, principal, StepKind.BEGAN, (before, begun), (), reason)
        return begun

    def _supersede(self, connection: "Connection", rollout: Rollout, why: str) -> None:
        now = self._now()
        after = replace(
            rollout, state=RolloutState.SUPERSEDED, ended_at=now, revision=rollout.revision + 1, why=why
        )  # fmt: skip
        self._require_changed(connection, rollout, after)
        self._told(connection, SYSTEM, StepKind.SUPERSEDED, (rollout, after), (), why)

    def _rename(self, connection: "Connection", endpoint: Endpoint, old: str, new: str) -> None:
        """What stood under the old name stands under the new one."""
        stood = rows.standing(connection, endpoint.endpoint_id)[old]
        served = Served(endpoint.endpoint_id, endpoint.name, new, stood.model)
        rows.let_stand(connection, served, stood, self._now())
        rows.forget_standing(connection, endpoint.endpoint_id, [old])

    def _require_changed(self, connection: "Connection", seen: Rollout, after: Rollout) -> None:
        if seen.state is not RolloutState.RUNNING or not rows.change(connection, after, seen=seen.revision):
            raise RolloutMoved(
                f"The rollout of {seen.served.endpoint} has moved on meanwhile.",
                hint=f"Look again: boathouse endpoint rollout {seen.served.endpoint}",
            )

    def _told(
        self,
        connection: "Connection",
        principal: Principal,
        kind: StepKind,
        moved: tuple[Rollout, Rollout],
        findings: Sequence[Finding],
        reason: str | None,
        *,
        is_audited: bool = False,
    ) -> None:
        """The step, its event and its audit record, in the transaction that takes it."""
        before, after = moved
        now, served = self._now(), after.served
        step = Step(
            0, after.rollout_id, kind, now, principal.name, before.percent, after.percent, reason, tuple(findings)
        )
        rows.add_step(connection, step)
        data = {
            "endpoint_id": served.endpoint_id, "rollout_id": after.rollout_id, "entity": served.entity,
            "model": served.model, "from_version": after.from_version, "to_version": after.to_version,
            "step": kind.value, "from_percent": before.percent, "to_percent": after.percent, "reason": reason,
            "findings": [each.text for each in findings][:_MOST_REASONS],
        }  # fmt: skip
        events.write(connection, [NewEvent(_EVENTS[kind], served.endpoint, principal.name, data)], now)
        generations.bump(connection, endpoint_rows.COUNTER_NAME)
        if not is_audited:
            key, action = (SecurableKind.ENDPOINT, served.endpoint), ("serving", _ACTIONS[kind])
            params = {"rollout_id": after.rollout_id, "to_percent": after.percent, "reason": reason}
            self._catalog.audit.record_with(connection, principal, action, key, params)

    def _running(self, principal: Principal, name: str, entity: str | None) -> Rollout:
        self._endpoints.access.require(principal, Privilege.MANAGE, name)
        endpoint = self._endpoints.get(principal, name)
        with self._database.read() as connection:
            found = rows.running(connection, endpoint.endpoint_id)
        mine = [each for each in found if entity in (None, each.served.entity)]
        if not mine:
            raise NoRollout(
                f"Nothing is on its way to the traffic of {name}{'' if entity is None else f' under {entity}'}.",
                hint=f"See what was: boathouse endpoint rollout {name}",
            )
        if len(mine) > 1:
            raise InvalidInput(
                f"{name} has several rollouts under way.",
                hint=f"Name the served entity: {', '.join(each.served.entity for each in mine)}.",
            )
        return mine[0]

    def _now(self) -> int:
        return epoch_ms(self._clock.now())


def _changes(
    connection: "Connection", endpoint: Endpoint, policy: EndpointPolicy, versions: Mapping[str, int | None]
) -> tuple[dict[str, Change], list[tuple[str, str]]]:
    """What each entity's version changes, and which entities have a new name."""
    stood = rows.standing(connection, endpoint.endpoint_id)
    running = {each.served.entity: each for each in rows.running(connection, endpoint.endpoint_id)}
    changes = {
        entity.name: change_of(
            entity.entity, versions[entity.name], stood.get(entity.name), running.get(entity.name), policy.canary
        )
        for entity in endpoint.config.entities
    }
    return changes, list(renamed(endpoint.config.entities, stood))


def _left(connection: "Connection", endpoint: Endpoint) -> list[Rollout]:
    """Rollouts of entities that the configuration does not have any more."""
    names = {each.name for each in endpoint.config.entities}
    return [each for each in rows.running(connection, endpoint.endpoint_id) if each.served.entity not in names]
