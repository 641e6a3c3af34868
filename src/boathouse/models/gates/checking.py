"""Whether requirements come to a policy on this server: its groups are known here, which a laptop cannot tell."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from boathouse.foundation.principals import PrincipalKind
from boathouse.foundation.shapes import Problem
from boathouse.models.gates.policy import Known, problems_of_policy
from boathouse.models.requirements.requirements import Requirements

if TYPE_CHECKING:
    from boathouse.catalog import Catalog


def checking_with(catalog: "Catalog") -> Callable[[Requirements], Sequence[Problem]]:
    """What is wrong with requirements, asked of the groups that there are."""

    def check(requirements: Requirements) -> Sequence[Problem]:
        groups: frozenset[str] | None = None
        if requirements.approval.groups:
            groups = frozenset(each.name for each in catalog.identities.list(PrincipalKind.GROUP))
        return problems_of_policy(requirements, known=Known(groups=groups))

    return check
