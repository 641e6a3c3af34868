"""Whether a binary decision falls alike, and is alike right, for the groups of each named attribute.

Demographic parity: the largest difference between groups in how often it is decided to act. Equalised odds (M. Hardt
and others, NeurIPS 2016): the largest difference in how often that is right, or wrong. Both by fairlearn.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from boathouse.foundation.errors import did_you_mean
from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import Measurement, Rule, Scope, Slice
from boathouse.models.gates.contract import Gate, GateSettings
from boathouse.models.requirements.requirements import Problem, Requirements

if TYPE_CHECKING:
    from boathouse.models.evaluation.parity import Cells

_NAMES = ("demographic_parity_difference", "equalised_odds_difference")
_ALL = "all groups"
_MOST_GROUPS = 100
_UNNAMED = "no attributes are named; name columns in gates.fairness.attributes, or turn this gate off with a reason"


class Settings(GateSettings):
    """What the gate can be told. A bound of null: this is not asked."""

    attributes: list[str] = Field(default_factory=list[str])
    """Columns of the evaluation rows, which the model need not take."""
    threshold: float | None = Field(default=None, ge=0, le=1)
    """From which probability on it is acted; that of the cost matrix by default, else 0.5."""
    maximum_demographic_parity_difference: float | None = Field(default=0.1, ge=0)
    maximum_equalised_odds_difference: float | None = Field(default=0.1, ge=0)
    minimum_group_rows: int | None = Field(default=None, ge=1)
    """By default ``evaluation.minimum_slice_rows``. A smaller group says nothing, so the attribute is inconclusive."""
    skip_small_groups: bool = False
    """Whether smaller groups are left out instead, and named in the details."""
    replicates: int = Field(default=1000, ge=100, le=10_000)


def measure(case: Case, settings: Settings) -> Iterable[Measurement]:
    """Both differences of each attribute."""
    if case.requirements.problem is not Problem.BINARY:
        problem = "fairness is measured of decisions between two classes; turn this gate off with a reason"
        yield from _nothing("any", problem)
    elif not settings.attributes:
        yield from _nothing("any", _UNNAMED)
    for attribute in settings.attributes if case.requirements.problem is Problem.BINARY else ():
        yield from _of_attribute(case, settings, attribute)


def rules(requirements: Requirements, settings: Settings) -> Sequence[Rule]:
    """Both differences have to be small enough, for every attribute."""
    bounds = (settings.maximum_demographic_parity_difference, settings.maximum_equalised_odds_difference)
    needed = requirements.evaluation.minimum_rows
    return [
        Rule(GATE.name, name, maximum=bound, minimum_rows=needed, scope=Scope.EACH_SLICE)
        for name, bound in zip(_NAMES, bounds, strict=True)
        if bound is not None
    ]


def shaped_by(requirements: Requirements, settings: Settings) -> Mapping[str, Any]:
    """Which groups are compared is found out while measuring."""
    return {
        "attributes": settings.attributes,
        "threshold": _threshold(requirements, settings),
        "minimum_group_rows": _group_rows(requirements, settings),
        "skip_small_groups": settings.skip_small_groups,
        "replicates": settings.replicates,
    }


def _of_attribute(case: Case, settings: Settings, attribute: str) -> Iterator[Measurement]:
    from boathouse.models.evaluation.bootstrap import CONFIDENCE
    from boathouse.models.evaluation.parity import differences, intervals, rates_by_group

    cells, small = _cells(case, settings, attribute)
    if isinstance(cells, str):
        yield from _nothing(attribute, cells)
        return
    details: dict[str, object] = {"groups": rates_by_group(cells), "threshold": _threshold(case.requirements, settings)}
    if small:
        details["left_out"] = small[:_MOST_GROUPS]
    empty = [name for name, of_group in zip(cells.groups, cells.counts, strict=True) if not of_group.sum(axis=1).all()]
    found = differences(cells)
    ranges = intervals(cells, replicates=settings.replicates, seed=case.seed, confidence=CONFIDENCE)
    for name in _NAMES:
        if name == _NAMES[1] and empty:
            problem = f"all rows of {attribute} = {empty[0]} are of one class"
            yield Measurement(GATE.name, name, None, cells.rows, Slice(attribute, _ALL), problem=problem)
            continue
        yield Measurement(
            GATE.name, name, found[name], cells.rows, Slice(attribute, _ALL), ranges[name], details=details
        )


def _cells(case: Case, settings: Settings, attribute: str) -> "tuple[Cells | str, list[str]]":
    """The counts of an attribute's groups, or why there are none; and the groups that are left out."""
    from boathouse.models.evaluation.comparing import require_candidate, require_rows
    from boathouse.models.evaluation.parity import Cells
    from boathouse.models.evaluation.slicing import codes_of, text_of
    from boathouse.models.evaluation.statistics import require_answers

    rows, answers = require_rows(case), require_candidate(case).values
    require_answers(Problem.BINARY, rows.label, answers)
    column = {name.casefold(): name for name in rows.frame.columns}.get(attribute.casefold())
    if column is None:
        hint = did_you_mean(attribute, rows.frame.columns)
        return f"the rows have no column {attribute}{'. ' + hint if hint else ''}", []
    values = rows.frame[column]
    group_of, distinct = codes_of(values)
    if len(distinct) > _MOST_GROUPS:
        return f"{attribute} has {len(distinct)} values; at most {_MOST_GROUPS} groups are compared", []
    names = tuple(text_of(value) for value in distinct.to_list())
    acted = answers >= _threshold(case.requirements, settings)
    cells = Cells.of(names, group_of, rows.label > 0.5, acted)
    needed = _group_rows(case.requirements, settings)
    sizes = cells.counts.sum(axis=(1, 2))
    small = [name for name, size in zip(names, sizes, strict=True) if size < needed]
    if small and not settings.skip_small_groups:
        size = int(sizes[names.index(small[0])])
        return f"{attribute} = {small[0]} has {size} rows; at least {needed} are needed of each group", small
    cells = Cells(tuple(name for name in names if name not in small), cells.counts[sizes >= needed])
    if len(cells.groups) < 2:
        return f"{attribute} has {len(cells.groups)} groups of at least {needed} rows; two are needed to compare", small
    return cells, small


def _group_rows(requirements: Requirements, settings: Settings) -> int:
    return settings.minimum_group_rows or requirements.evaluation.minimum_slice_rows


def _threshold(requirements: Requirements, settings: Settings) -> float:
    if settings.threshold is not None:
        return settings.threshold
    matrix = requirements.cost_matrix
    return matrix.threshold if matrix is not None and matrix.threshold is not None else 0.5


def _nothing(attribute: str, problem: str) -> Iterator[Measurement]:
    for name in _NAMES:
        yield Measurement(GATE.name, name, None, 0, Slice(attribute, _ALL), problem=problem)


GATE = Gate(
    "fairness",
    "Are its decisions alike, and alike right, for all groups?",
    Settings,
    measure,
    rules,
    shaped_by=shaped_by,
)
