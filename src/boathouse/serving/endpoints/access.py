"""Who may make, see, ask and change endpoints: the levels of Databricks in privileges of the catalog."""

from collections.abc import Mapping, Sequence
from typing import Any

from boathouse.catalog import METASTORE_NAME, Catalog, Privilege, SecurableKind
from boathouse.catalog.grants import GrantChange
from boathouse.foundation.errors import Denied, InvalidInput, NotFound, did_you_mean
from boathouse.foundation.principals import EVERYONE, SYSTEM, Principal, PrincipalKind
from boathouse.serving.endpoints.nouns import EntityKind, ServedEntity

ENDPOINT = SecurableKind.ENDPOINT
SERVICE = "serving"

LEVELS: Mapping[str, Privilege] = {
    "CAN_VIEW": Privilege.BROWSE,
    "CAN_QUERY": Privilege.EXECUTE,
    "CAN_MANAGE": Privilege.MANAGE,
}
"""Weakest first; each has what stands before it."""
DESCRIPTIONS = {
    "CAN_VIEW": "May see the endpoint and what it serves",
    "CAN_QUERY": "May see and ask the endpoint",
    "CAN_MANAGE": "May see, ask and change the endpoint, and say who else may",
}
_KINDS = {EntityKind.MODEL: SecurableKind.REGISTERED_MODEL, EntityKind.FEATURE_SPEC: SecurableKind.FUNCTION}
_NOUNS = {EntityKind.MODEL: "registered model", EntityKind.FEATURE_SPEC: "feature spec"}


class EndpointNotFound(NotFound):
    """There is no such endpoint, or the principal may not know of it."""


class Access:
    """The one gate before every verb on endpoints."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._grants = catalog.grants

    def verb(self, principal: Principal, action: str, name: str | None, **params: Any) -> Any:
        """Audit the block as this verb."""
        return self._catalog.audit.verb(principal, SERVICE, action, ENDPOINT, name, params)

    def require(self, principal: Principal, privilege: Privilege, name: str) -> None:
        """
        Raises:
            EndpointNotFound: There is none of that name, as far as the principal may know.
            Denied: The principal lacks the privilege.
        """
        if not self._grants.visible(principal, ENDPOINT, [name]):
            raise EndpointNotFound(
                f"There is no endpoint {name}.", hint="List those that you may see: boathouse endpoint list"
            )
        if privilege is not Privilege.BROWSE and not self.allows(principal, privilege, name):
            self._grants.require(principal, privilege, ENDPOINT, name)

    def allows(self, principal: Principal, privilege: Privilege, name: str) -> bool:
        """Who may manage an endpoint may ask it."""
        allows = self._grants.allows
        return allows(principal, privilege, ENDPOINT, name) or allows(principal, Privilege.MANAGE, ENDPOINT, name)

    def require_create(self, principal: Principal) -> None:
        self._grants.require(principal, Privilege.CREATE_ENDPOINT, SecurableKind.METASTORE, METASTORE_NAME)

    def require_entity(self, principal: Principal, entity: ServedEntity) -> None:
        """Refuse what exists and may not be served by the principal; what is not there yet may come.

        Raises:
            Denied: The principal lacks EXECUTE on it.
        """
        try:
            self._grants.require(principal, Privilege.EXECUTE, _KINDS[entity.kind], entity.entity)
        except NotFound:
            self._require_version_named(entity)

    def acting(self, owner: str) -> Principal:
        """The owner of an endpoint, with whose rights it serves.

        Raises:
            NotFound, Denied: Nobody has that name any more, or is switched off.
        """
        return self._catalog.identities.as_owner(owner)

    def lack(self, owner: Principal, entity: ServedEntity) -> str | None:
        """Why the endpoint's owner may not serve the entity; None when it may."""
        noun = _NOUNS[entity.kind]
        try:
            self._grants.require(owner, Privilege.EXECUTE, _KINDS[entity.kind], entity.entity)
        except NotFound:
            return f"There is no {noun} {entity.entity} yet, or {owner}, who owns the endpoint, may not know of it."
        except Denied as error:
            return f"{owner}, who owns the endpoint, may not serve the {noun} {entity.entity}: {error.message}"
        return None

    def owner(self, name: str) -> str | None:
        return self._grants.owner(ENDPOINT, name)

    def callers(self, name: str) -> frozenset[str]:
        """Principals and groups that may ask; administrators always may."""
        holders = self._grants.holders
        return holders(Privilege.EXECUTE, ENDPOINT, name) | holders(Privilege.MANAGE, ENDPOINT, name)

    def level(self, principal: Principal, name: str) -> str:
        """The strongest level that the principal has."""
        return next(
            (
                level
                for level in reversed(tuple(LEVELS))
                if self._grants.allows(principal, LEVELS[level], ENDPOINT, name)
            ),
            "CAN_VIEW",
        )

    # --- the access control list

    def permissions(self, principal: Principal, name: str) -> dict[str, str]:
        """The strongest level that was given to whom on the endpoint itself, the owner's included."""
        self.require(principal, Privilege.BROWSE, name)
        levels: dict[str, str] = {}
        for grant in self._grants.direct(principal, ENDPOINT, name):
            for level, privilege in LEVELS.items():
                if grant.privilege is privilege and _rank(level) >= _rank(levels.get(grant.grantee)):
                    levels[grant.grantee] = level
        if (owner := self.owner(name)) is not None:
            levels[owner] = "CAN_MANAGE"
        return levels

    def change_permissions(self, principal: Principal, name: str, levels: Mapping[str, str], *, only: bool) -> None:
        """Give levels; with ``only``, take away what others have.

        Raises:
            InvalidInput: There is no such level.
        """
        self.require(principal, Privilege.MANAGE, name)
        held: dict[str, set[Privilege]] = {}
        for grant in self._grants.direct(principal, ENDPOINT, name):
            if grant.privilege in LEVELS.values():
                held.setdefault(grant.grantee, set()).add(grant.privilege)
        owner = self.owner(name)
        wanted = {who: checked_level(level) for who, level in levels.items() if who != owner}
        everybody = {*wanted, *held} if only else set(wanted)
        changes: list[GrantChange] = []
        for who in sorted(everybody):
            now = {wanted[who]} if who in wanted else set[Privilege]()
            before = held.get(who, set())
            if now != before:
                changes.append(GrantChange(who, frozenset(now - before), frozenset(before - now)))
        if changes:
            self._grants.change(principal, ENDPOINT, name, changes)

    def kind_of(self, name: str) -> PrincipalKind:
        """Whether a name is that of a user, a group or a service principal."""
        if name == EVERYONE:
            return PrincipalKind.GROUP
        if name == SYSTEM.name:
            return PrincipalKind.SERVICE_PRINCIPAL
        return self._catalog.identities.get(name).kind

    def visible(self, principal: Principal, names: Sequence[str]) -> set[str]:
        return self._grants.visible(principal, ENDPOINT, names)

    def _require_version_named(self, entity: ServedEntity) -> None:
        """What names neither version nor alias is a feature spec; if there is a model of that name, they were left
        out."""
        if entity.kind is not EntityKind.FEATURE_SPEC:
            return
        if self._grants.owner(SecurableKind.REGISTERED_MODEL, entity.entity) is not None:
            raise InvalidInput(
                f"{entity.entity} is a registered model, and no version is named.",
                hint='Say entity_version: a number, or an alias such as "champion".',
            )


def checked_level(text: str) -> Privilege:
    """
    Raises:
        InvalidInput: There is no such level.
    """
    if text not in LEVELS:
        hint = did_you_mean(text, LEVELS) or f"There are: {', '.join(LEVELS)}."
        raise InvalidInput(f"{text!r} is not a permission level of an endpoint.", hint=hint)
    return LEVELS[text]


def _rank(level: str | None) -> int:
    return -1 if level is None else list(LEVELS).index(level)
