"""What a deployment would do: desired state compared with what the bundle owns and what is really there."""

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from boathouse.bundles.desired import DesiredResource, DesiredState, ResourceId, in_order
from boathouse.bundles.kinds import KINDS
from boathouse.bundles.repository import BundleRecord, BundleRepository, OwnedResource
from boathouse.bundles.resources import Change, Existing, Origin, Payload, ResourceKind, changes
from boathouse.bundles.substitution import Pending, pending_in, resolve_pending
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, did_you_mean
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.foundation.shapes import DoesNotFit, fit


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    """It exists already; from now on it belongs to the bundle."""
    DELETE = "delete"
    KEEP = "keep"
    """It left the bundle but holds data, so it stays."""
    RELEASE = "release"
    """It left the bundle, which had only adopted it; it stays."""
    FORGET = "forget"
    """It left the bundle, and somebody has deleted it before."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One thing to do."""

    resource: ResourceId
    action: Action
    name: str
    resource_id: str | None = None
    changes: Sequence[Change] = ()
    reason: str | None = None
    desired: DesiredResource | None = None
    owned: OwnedResource | None = None
    existing: Existing | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "resource": str(self.resource),
            "action": self.action.value,
            "name": self.name,
            "id": self.resource_id,
            "changes": [change.to_json() for change in self.changes],
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything to do, in order."""

    steps: tuple[PlannedStep, ...]
    unchanged: tuple[str, ...] = ()
    code_changed: bool = False
    """The files or the commit differ from what was deployed last."""
    known_ids: Mapping[ResourceId, str] = field(default_factory=dict[ResourceId, str])
    warnings: tuple[str, ...] = ()
    """What is named and not there yet, although the deployment may well make it."""

    @property
    def is_empty(self) -> bool:
        return not self.steps and not self.code_changed

    def to_json(self) -> dict[str, Any]:
        return {
            "is_empty": self.is_empty,
            "code_changed": self.code_changed,
            "steps": [step.to_json() for step in self.steps],
            "unchanged": list(self.unchanged),
            "warnings": list(self.warnings),
        }


Remarks = Callable[[Principal, Payload], Iterable[str]]
"""What a kind has to say of a payload that is valid, and may not work."""


@contextmanager
def _told_where(resource: DesiredResource) -> Generator[None]:
    """Say of what does not fit where it stands."""
    try:
        yield
    except DoesNotFit as error:
        if not resource.position:
            raise
        raise InvalidInput(f"{resource.position}: {error.message}", hint=error.hint) from error


class Planner:
    """Makes plans. It reads as the principal who asks and changes nothing."""

    def __init__(
        self, repository: BundleRepository, kinds: Mapping[str, ResourceKind], remarks: Mapping[str, Remarks]
    ) -> None:
        self._repository = repository
        self._kinds = kinds
        self._remarks = remarks

    def plan(self, principal: Principal, record: BundleRecord | None, desired: DesiredState, origin: Origin) -> Plan:
        """Compare.

        Raises:
            Conflict: A resource exists and belongs to another bundle.
            InvalidInput: A payload does not fit, or ``delete_data`` names nothing that would be deleted.
        """
        owned = self._repository.owned(record.id) if record else []
        active = {one.resource: one for one in owned if not one.is_detached}
        ids = {one.resource: one.resource_id for one in active.values()}
        steps: list[PlannedStep] = []
        unchanged: list[str] = []
        warnings: list[str] = []
        replaced: list[OwnedResource] = []
        for resource in in_order(desired.resources):
            payload = resolved(resource, ids, origin)
            if (remarks := self._remarks.get(resource.id.section)) is not None:
                with _told_where(resource):
                    warnings.extend(f"{resource.position}: {each}" for each in remarks(principal, payload))
            before = active.get(resource.id)
            if before is not None and _is_another(before, resource, payload):
                replaced.append(before)
                before, _ = None, ids.pop(resource.id)
            with _told_where(resource):
                step = self._step(principal, record, resource, payload, before, origin)
            if step is None:
                unchanged.append(str(resource.id))
            else:
                steps.append(step)
                if step.resource_id is not None:
                    ids[resource.id] = step.resource_id
        wanted = {resource.id for resource in desired.resources}
        wanted_things = {(step.resource.section, step.resource_id) for step in steps} | {
            (one.section, ids[one]) for one in wanted if one in ids
        }
        leaving = [
            one
            for one in owned
            if (one.resource.section, one.resource_id) not in wanted_things
            and (one.resource not in wanted or one in replaced or one.is_detached)
        ]
        steps.extend(self._departures(principal, leaving, desired.delete_data))
        return Plan(tuple(steps), tuple(unchanged), self._code_changed(record, desired), ids, tuple(warnings))

    def _step(
        self,
        principal: Principal,
        record: BundleRecord | None,
        resource: DesiredResource,
        payload: Payload,
        owned: OwnedResource | None,
        origin: Origin,
    ) -> PlannedStep | None:
        kind = self._kinds[resource.id.section]
        name = _name(resource, payload)
        before: Payload = owned.payload if owned else {}
        existing = self._existing(principal, owned, {**before, **payload}) if owned else None
        if existing is None:
            found = kind.find(principal, payload)
            if found is None:
                reason = "it was deleted by somebody" if owned else None
                return PlannedStep(resource.id, Action.CREATE, name, reason=reason, desired=resource, owned=owned)
            self._refuse_others(record, resource, found)
            differs = changes(found, kind.wanted(payload, {}, origin))
            return PlannedStep(
                resource.id,
                Action.ADOPT,
                name,
                found.resource_id,
                differs,
                "it exists already",
                resource,
                self._record_of(record, resource, found) or owned,
                found,
            )
        assert owned is not None
        differs = self._changes(kind, resource, existing, payload, before, origin)
        if not differs:
            return None
        return PlannedStep(
            resource.id, Action.UPDATE, name, existing.resource_id, differs, None, resource, owned, existing
        )

    def _existing(self, principal: Principal, owned: OwnedResource, payload: Payload) -> Existing | None:
        """The thing that the bundle owns, or None when it is gone.

        Raises:
            Denied: It is there, and the principal may not know of it: that must not look as if it were gone.
        """
        kind = self._kinds[owned.resource.section]
        existing = kind.get(principal, owned.resource_id, payload)
        if existing is None and kind.get(SYSTEM, owned.resource_id, {}) is not None:
            noun = KINDS[owned.resource.section].noun
            raise Denied(
                f"{principal} may not see the {noun} {owned.resource}, which belongs to this bundle.",
                hint="Deploy as somebody who may manage it.",
            )
        return existing

    def _changes(
        self,
        kind: ResourceKind,
        resource: DesiredResource,
        existing: Existing,
        payload: Payload,
        before: Payload,
        origin: Origin,
    ) -> Sequence[Change]:
        if unknown := [path for path in pending_in(payload) if path.startswith("resources.")]:
            return [Change(path, None, "known after the deployment") for path in unknown]
        return changes(existing, kind.wanted(payload, before, origin))

    def _departures(
        self, principal: Principal, leaving: Sequence[OwnedResource], delete_data: Sequence[str]
    ) -> list[PlannedStep]:
        """What happens to resources that left the bundle; the last made go first."""
        leaving = sorted(leaving, key=lambda one: (-KINDS[one.resource.section].order, one.resource.key))
        named = _named(leaving, delete_data)
        steps: list[PlannedStep] = []
        going: set[str] = set()
        for one in leaving:
            step = self._departure(principal, one, frozenset(going), named)
            if step is None:
                continue
            if step.action is Action.DELETE:
                going.add(one.resource_id)
            steps.append(step)
        return steps

    def _departure(
        self, principal: Principal, one: OwnedResource, going: frozenset[str], named: frozenset[str]
    ) -> PlannedStep | None:
        kind = self._kinds[one.resource.section]
        existing = self._existing(principal, one, one.payload)

        def step(action: Action, reason: str | None = None) -> PlannedStep:
            return PlannedStep(
                one.resource, action, one.name, one.resource_id, reason=reason, owned=one, existing=existing
            )

        if existing is None:
            return step(Action.FORGET, "it was deleted by somebody")
        is_named = one.resource_id in named
        if one.is_adopted and not is_named:
            return None if one.is_detached else step(Action.RELEASE, "it existed before the bundle")
        held = kind.data_in(principal, existing, going)
        if held and not is_named:
            reason = f"it holds {held}; delete it with --delete-data {one.name}"
            return None if one.is_detached else step(Action.KEEP, reason)
        return step(Action.DELETE, f"with {held}, as it was named" if held else None)

    def _refuse_others(self, record: BundleRecord | None, resource: DesiredResource, found: Existing) -> None:
        other = self._repository.owner_of(resource.id.section, found.resource_id, record.id if record else "")
        if other is not None:
            whose = f" of {other.owner}" if other.owner else ""
            noun = KINDS[resource.id.section].noun
            raise Conflict(
                f"The {noun} {found.name} belongs to the bundle {other.name}, target {other.target}{whose}"
                f" ({resource.position}).",
                hint="Give it another name here, or remove it from the other bundle and deploy that one first.",
            )

    def _record_of(
        self, record: BundleRecord | None, resource: DesiredResource, found: Existing
    ) -> OwnedResource | None:
        """This bundle's record of a thing that once left it, or that it now calls by another key."""
        for one in self._repository.owned(record.id) if record else []:
            if one.resource.section == resource.id.section and one.resource_id == found.resource_id:
                return one
        return None

    def _code_changed(self, record: BundleRecord | None, desired: DesiredState) -> bool:
        last = (
            self._repository.deployment(record.active_deployment_id) if record and record.active_deployment_id else None
        )
        if last is None:
            return bool(desired.resources or desired.snapshot)
        git = desired.git
        return (last.snapshot, last.git_commit, last.git_branch, last.git_dirty) != (
            desired.snapshot,
            git.commit,
            git.branch,
            git.dirty,
        )


def resolved(resource: DesiredResource, ids: Mapping[ResourceId, str], origin: Origin) -> dict[str, Any]:
    """The payload with what is known by now; checked against its shape once everything is."""

    def look_up(path: str) -> Any:
        match path.split("."):
            case ["workspace", "file_path"]:
                return str(origin.files) if origin.files else Pending(path)
            case ["workspace", "root_path"]:
                return str(origin.files.parent) if origin.files else Pending(path)
            case ["resources", section, key, "id"]:
                return ids.get(ResourceId(section, key)) or Pending(path)
            case _:
                raise InvalidInput(f"{resource.position}: ${{{path}}} cannot be resolved.")

    payload = resolve_pending(resource.payload, look_up)
    if not any(isinstance(look_up(path), Pending) for path in pending_in(resource.payload)):
        fit(KINDS[resource.id.section].shape, payload, what=f"{resource.id} ({resource.position})")
    return payload


def desired_hash(desired: DesiredState) -> str:
    """A hash over everything that was asked for."""
    said = {key: value for key, value in desired.to_json().items() if key not in ("git", "lock", "delete_data")}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _is_another(owned: OwnedResource, resource: DesiredResource, payload: Payload) -> bool:
    """Whether the bundle now means another thing by this key: what is known by its name was given another one."""
    return resource.id.section != "jobs" and _name(resource, payload).lower() != owned.name.lower()


def _name(resource: DesiredResource, payload: Payload) -> str:
    return KINDS[resource.id.section].full_name(dict(payload))


def _named(leaving: Sequence[OwnedResource], delete_data: Sequence[str]) -> frozenset[str]:
    """The ids of what ``--delete-data`` names; a schema's name covers what lies in it.

    Raises:
        InvalidInput: A name means nothing that leaves the bundle.
    """
    known = {name.lower(): one for one in leaving for name in (one.name, str(one.resource), one.resource_id)}
    named: set[str] = set()
    for name in delete_data:
        one = known.get(name.lower())
        if one is None:
            hint = did_you_mean(name, known) or (
                f"What would be deleted: {', '.join(sorted({each.name for each in leaving}))}."
                if leaving
                else "Nothing is removed by this deployment."
            )
            raise InvalidInput(f"--delete-data {name}: nothing of that name leaves the bundle.", hint=hint)
        named.add(one.resource_id)
        if one.resource.section == "schemas":
            named |= {each.resource_id for each in leaving if each.resource_id.startswith(f"{one.resource_id}.")}
    return frozenset(named)
