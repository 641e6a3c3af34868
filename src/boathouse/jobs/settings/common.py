"""What the shapes of jobs have in common."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def _text(value: Any) -> Any:
    """A plain YAML scalar as the text it was written as, near enough: parameters are always text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_text)]
Unsupported = Any
"""The type of a field that is known and refused."""

TaskKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,100}$")]
Seconds = Annotated[int, Field(ge=0)]


class PauseStatus(StrEnum):
    PAUSED = "PAUSED"
    UNPAUSED = "UNPAUSED"
