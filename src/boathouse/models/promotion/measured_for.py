"""Whether what was measured answers what is asked now; pure.

Thresholds may change, and old measurements are judged by the new ones. Other rows, another label or another slice give
other numbers: what was measured before says nothing of them.
"""

from collections.abc import Iterator
from typing import Any

from boathouse.models.requirements.requirements import Requirements

_NUMBERS_OF_ROWS = frozenset({"minimum_rows", "minimum_slice_rows"})
"""Thresholds, though they stand beside the rows."""


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
