"""Who acts: users, groups and service principals."""

from dataclasses import dataclass
from enum import StrEnum

ADMINS = "admins"
"""The group whose members may do everything."""

EVERYONE = "account users"
"""The group that every principal belongs to without being added."""


class PrincipalKind(StrEnum):
    USER = "user"
    GROUP = "group"
    SERVICE_PRINCIPAL = "service_principal"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who acts, with the groups that count for what they may do."""

    name: str
    """A user's e-mail address or login name, a service principal's application name; unique over all kinds."""
    kind: PrincipalKind = PrincipalKind.USER
    groups: frozenset[str] = frozenset()
    """Names of the groups it is a member of, directly or through other groups; EVERYONE is implied."""

    @property
    def is_admin(self) -> bool:
        return ADMINS in self.groups

    @property
    def identities(self) -> frozenset[str]:
        """Every name under which a grant reaches this principal."""
        return self.groups | {self.name, EVERYONE}

    def __str__(self) -> str:
        return self.name


SYSTEM = Principal("system", PrincipalKind.SERVICE_PRINCIPAL, frozenset({ADMINS}))
"""Boathouse itself, for work that nobody asked for: start-up, reconciliation, retention."""

UNKNOWN = Principal("unknown")
"""Whoever could not show who they are; in the audit log only."""
