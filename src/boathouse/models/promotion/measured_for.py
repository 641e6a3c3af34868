"""Whether what was measured answers what is asked now; pure.

Thresholds may change, and old measurements are judged by the new ones. Other rows, another label or another slice give
other numbers: what was measured before says nothing of them. The same holds for settings of a gate that shape what it
measures.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from boathouse.models.evidence.nouns import MEASURED_WITH, Evidence
from boathouse.models.gates.policy import Policy, PolicyDoesNotFit, policy_of
from boathouse.models.requirements.requirements import Requirements

_NUMBERS_OF_ROWS = frozenset({"minimum_rows", "minimum_slice_rows"})
"""Thresholds, though they stand beside the rows."""
_LONGEST_SHOWN = 80


def measured_otherwise(
    now: Requirements, *, data_table: str | None, then: Requirements | None = None
) -> tuple[str, ...]:
    """Why measurements do not answer requirements, a sentence each.

    Args:
        now: What is asked.
        data_table: What was measured on; None: whoever measured did not say.
        then: What was asked when it was measured; None: nothing was.
    """
    return tuple(_otherwise(now, data_table, then))


def _otherwise(now: Requirements, data_table: str | None, then: Requirements | None) -> Iterator[str]:
    wanted = now.evaluation.table
    if data_table is not None and data_table.casefold() != wanted.casefold():
        yield f"It was measured on rows of {data_table}, and rows of {wanted} are asked for."
        return
    if then is None:
        return
    before, after = _measured(then), _measured(now)
    changed = [name for name in after if before[name] != after[name]]
    if changed:
        yield f"It was measured before its requirements were changed in {', '.join(changed)}."


def _measured(requirements: Requirements) -> dict[str, Any]:
    """What the numbers depend on, by the name that ``boathouse.yml`` has for it."""
    said = requirements.model_dump(mode="json")
    rows = {f"evaluation.{key}": value for key, value in said["evaluation"].items() if key not in _NUMBERS_OF_ROWS}
    return {"problem": said["problem"], **rows, "slices": said["slices"], "cost_matrix": said["cost_matrix"]}


def gates_measured_otherwise(
    policy: Policy, now: Requirements, evidence: Sequence[Evidence], *, then: Requirements | None = None
) -> dict[str, str]:
    """Gate to why what it has measured does not answer a policy; gates that measured as is asked are left out.

    Args:
        policy: What is asked.
        now: The requirements that it comes from.
        evidence: It says with what settings it was measured, unless it was sent by a task of somebody's own.
        then: What was asked when it was measured, for such evidence.
    """
    before = _kept(evidence)
    if then is not None:
        before = {**_shapes_of(then), **before}
    found: dict[str, str] = {}
    for name, shape in _shapes(policy, now).items():
        had = before.get(name, {})
        changed = [each for each in shape if each in had and had[each] != shape[each]]
        if changed:
            told = (f"{each} {_shown(had[each])}, and {_shown(shape[each])} is asked for" for each in changed)
            found[name] = f"it was measured with {'; with '.join(told)}"
    return found


def _kept(evidence: Sequence[Evidence]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for each in evidence:
        shape = each.measurement.details.get(MEASURED_WITH)
        if isinstance(shape, Mapping):
            found.setdefault(each.measurement.gate, cast(Mapping[str, Any], shape))
    return found


def _shapes_of(requirements: Requirements) -> dict[str, Mapping[str, Any]]:
    try:
        return _shapes(policy_of(requirements), requirements)
    except PolicyDoesNotFit:  # deployed under rules that we do not have any more
        return {}


def _shapes(policy: Policy, requirements: Requirements) -> dict[str, Mapping[str, Any]]:
    return {each.name: each.gate.shaped_by(requirements, each.settings) for each in policy.gates}


def _shown(value: Any) -> str:
    if value is None or value == []:
        return "nothing"
    text = ", ".join(map(str, cast(list[Any], value))) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
