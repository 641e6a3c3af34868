"""What is asked of a model's process, and what comes back."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Isolation:
    """What the process of one model may take."""

    scratch: Path
    """Where its logs and its home folder are."""
    deadline_seconds: float = 30.0
    """For one request, from when the process has it. A process that is not done by then is killed."""
    memory_mb: float | None = None
    start_seconds: float = 120.0
    """How long it may take to load the model."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the process says to one request."""

    content: bytes
    """The JSON value of the predictions."""
    refused: str | None = None
    """Why the request does not fit the model; then there is no content."""


class ProcessFailed(Exception):
    """The model raised, was not done in time, or its process has ended; ``str()`` says which."""


class ProcessAway(ProcessFailed):
    """The process is being started again; who asks later may get an answer."""
