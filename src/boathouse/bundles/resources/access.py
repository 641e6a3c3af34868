"""Grants and permission levels of a resource: what a bundle gave it takes back, what others gave it leaves alone."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from boathouse.bundles.resources.kind import Payload
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.principals import Principal

if TYPE_CHECKING:
    from boathouse.catalog import Catalog, SecurableKind

Given = dict[str, list[str]]
"""Privileges by principal."""

LEVELS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "jobs": {
        "CAN_VIEW": ("VIEW_JOB",),
        "CAN_MANAGE_RUN": ("VIEW_JOB", "RUN_JOB"),
        "CAN_MANAGE": ("MANAGE",),
        "IS_OWNER": ("MANAGE",),
    },
    "experiments": {
        "CAN_READ": ("READ_EXPERIMENT",),
        "CAN_EDIT": ("READ_EXPERIMENT", "WRITE_EXPERIMENT"),
        "CAN_MANAGE": ("MANAGE",),
        "IS_OWNER": ("MANAGE",),
    },
    "model_serving_endpoints": {"CAN_VIEW": ("BROWSE",), "CAN_QUERY": ("EXECUTE",), "CAN_MANAGE": ("MANAGE",)},
    "secret_scopes": {"READ": ("READ_SECRET",), "WRITE": ("WRITE_SECRET",), "MANAGE": ("MANAGE",)},
}
"""Permission levels of Databricks in the privileges of the catalog."""


def privileges_of(section: str, payload: Payload) -> Given:
    """What a payload gives, whether it says ``grants`` or ``permissions``."""
    from boathouse.catalog import Privilege

    given: dict[str, set[str]] = {}
    for grant in payload.get("grants") or ():
        names = {Privilege.parse(text).value for text in grant["privileges"]}
        given.setdefault(str(grant["principal"]), set()).update(names)
    for permission in payload.get("permissions") or ():
        who = permission.get("user_name") or permission.get("group_name") or permission.get("service_principal_name")
        levels = LEVELS[section]
        if permission["level"] not in levels:
            raise InvalidInput(f"{permission['level']!r} is not a permission level; there are: {', '.join(levels)}.")
        given.setdefault(str(who), set()).update(levels[permission["level"]])
    return {principal: sorted(names) for principal, names in sorted(given.items())}


def wanted_access(section: str, payload: Payload, before: Payload) -> dict[str, Any]:
    """The privileges as they should be, of everybody whom the bundle names or named."""
    now, then = privileges_of(section, payload), privileges_of(section, before)
    return {"grants": {who: now.get(who, []) for who in sorted({*now, *then})}} if now or then else {}


class Access:
    """Reads and changes who may do what with a resource."""

    def __init__(self, catalog: "Catalog", section: str, kind: "SecurableKind") -> None:
        self._catalog = catalog
        self._section = section
        self._kind = kind

    def read(self, principal: Principal, full_name: str) -> dict[str, Any]:
        given: Given = {}
        for grant in self._catalog.grants.direct(principal, self._kind, full_name):
            given.setdefault(grant.grantee, []).append(grant.privilege.value)
        return {"grants": {who: sorted(privileges) for who, privileges in given.items()}}

    def bring_to(self, principal: Principal, full_name: str, payload: Payload, before: Payload) -> None:
        """Give what is missing and take back what the bundle gave and does not want any more."""
        from boathouse.catalog import Privilege

        wanted = wanted_access(self._section, payload, before).get("grants", {})
        if not wanted:
            return
        held: Given = self.read(principal, full_name)["grants"]
        for who, privileges in wanted.items():
            has = held.get(who, [])
            missing, surplus = _without(privileges, has), _without(has, privileges)
            if missing:
                self._catalog.grants.grant(principal, who, [Privilege(one) for one in missing], self._kind, full_name)
            if surplus:
                self._catalog.grants.revoke(principal, who, [Privilege(one) for one in surplus], self._kind, full_name)

    def require_manage(self, principal: Principal, full_name: str) -> None:
        from boathouse.catalog import Privilege

        self._catalog.grants.require(principal, Privilege.MANAGE, self._kind, full_name)


def _without(these: Sequence[str], those: Sequence[str]) -> list[str]:
    return [one for one in these if one not in those]
