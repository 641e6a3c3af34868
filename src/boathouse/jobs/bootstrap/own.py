"""What a task's process knows of itself, whatever its code does to its environment."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

own_ledger: list[str] = []
"""As the guard has named it, whatever the task does to its environment."""

own_paths: list[str] = []
"""Where the task finds its wheels and the deployed code, for notebooks that it runs."""


def without_secrets(output: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a task holds no secret that it knows. Almost every task knows none."""
    if not own_ledger or not os.path.getsize(own_ledger[0]):  # noqa: PTH202
        return output
    try:
        from boathouse.foundation.redaction import of_this_task
    except ImportError as error:
        return {"error": f"The task's own words are withheld, since its secrets cannot be removed from them: {error}."}
    return of_this_task(output, own_ledger[0])
