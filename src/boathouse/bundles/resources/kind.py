"""What the server must be able to do with every kind of resource."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from boathouse.bundles.git import GitFacts
from boathouse.foundation.principals import Principal

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One field that is not as it should be."""

    field: str
    before: Any
    after: Any

    def to_json(self) -> dict[str, Any]:
        return {"field": self.field, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class Existing:
    """A thing that exists, as far as a bundle can describe it."""

    resource_id: str
    """What other resources refer to: a job's or an experiment's id, the full name of anything else."""
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Its state in the words of a payload."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The deployment that a resource comes from."""

    bundle: str
    target: str
    deployment_id: str
    files: Path | None = None
    """The folder of the deployed code."""
    git: GitFacts = field(default_factory=GitFacts)


class ResourceKind(Protocol):
    """The verbs on one kind; every one acts as the principal, with the rights of the principal."""

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        """The thing of this name, if the kind has unique names and it is there."""
        ...

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        """The thing of this id; None when it is gone. ``payload`` says which fields are of interest."""
        ...

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        """The fields as they should be. ``before`` is what was deployed last: what it set and ``payload`` does not
        say any more goes back to its default."""
        ...

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        """Make it; gives its id."""
        ...

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        """Bring it to what ``wanted`` says."""
        ...

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        """Take it away.

        Raises:
            Conflict: It holds data, and ``with_data`` is not set.
        """
        ...

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        """What data it holds, in words (``3 tables``), or None. ``going`` are full names that are deleted along."""
        ...

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        """
        Raises:
            Denied: The principal may not decide about it.
        """
        ...

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        """The id of what an interrupted deployment has created, if it came so far."""
        ...


def changes(existing: Existing, wanted: Mapping[str, Any]) -> list[Change]:
    """Every field that differs, down to the leaf."""
    found: list[Change] = []
    for name, value in wanted.items():
        before = existing.fields.get(name)
        if name == "grants":
            # Grants to others than those whom the bundle names are none of its business.
            held = before if isinstance(before, Mapping) else {}
            before = {who: held.get(who, []) for who in value}
        _compare(name, before, value, found)
    return found


def _compare(path: str, before: Any, after: Any, found: list[Change]) -> None:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            _compare(f"{path}.{key}" if path else str(key), before.get(key), after.get(key), found)
    elif before != after:
        found.append(Change(path, before, after))


def counted(number: int, noun: str) -> str:
    """``1 table``, ``3 tables``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
