"""Whether requirements come to a policy on this server, where groups and columns are known and SQL is understood."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from boathouse.foundation.principals import PrincipalKind
from boathouse.foundation.shapes import Problem
from boathouse.foundation.yaml_source import KeyPath
from boathouse.models.gates.policy import Known, problems_of_policy, problems_with
from boathouse.models.requirements.requirements import Requirements

if TYPE_CHECKING:
    from boathouse.catalog import Catalog


def checking_with(catalog: "Catalog") -> Callable[[Requirements], Sequence[Problem]]:
    """What is wrong with requirements, asked of the groups that there are."""

    def check(requirements: Requirements) -> Sequence[Problem]:
        groups: frozenset[str] | None = None
        if requirements.approval.groups:
            groups = frozenset(each.name for each in catalog.identities.list(PrincipalKind.GROUP))
        problems = problems_of_policy(requirements, known=Known(groups=groups))
        return (*problems, *_no_conditions(requirements))

    return check


def problems_with_columns(requirements: Requirements, columns: Sequence[str]) -> Iterator[Problem]:
    """What is named and is no column of the evaluation table, in conditions too."""
    yield from problems_with(requirements, Known(columns=frozenset(columns)))
    for path, condition in _conditions(requirements):
        from boathouse.models.evaluation.predicates import BadPredicate, check_predicate

        try:
            check_predicate(condition, columns)
        except BadPredicate as error:
            yield Problem(path, error.message, error.hint)


def _no_conditions(requirements: Requirements) -> Iterator[Problem]:
    for path, condition in _conditions(requirements):
        from boathouse.models.evaluation.predicates import BadPredicate, require_condition  # loads the engines

        try:
            require_condition(condition)
        except BadPredicate as error:
            yield Problem(path, error.message, error.hint)


def _conditions(requirements: Requirements) -> Iterator[tuple[KeyPath, str]]:
    """Everything that is written in SQL."""
    if requirements.evaluation.where is not None:
        yield ("evaluation", "where"), requirements.evaluation.where
    for index, each in enumerate(requirements.slices):
        if each.predicate is not None:
            yield ("slices", index, "predicate"), each.predicate
