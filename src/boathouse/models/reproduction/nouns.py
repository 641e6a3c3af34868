"""Nouns of reproducing a model version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How far a reproduction has come."""

    RUNNING = "running"
    EQUAL = "equal"
    DIFFERS = "differs"
    FAILED = "failed"
    """The task did not come to its end, or left no model."""

    @property
    def is_final(self) -> bool:
        return self is not Status.RUNNING


class Verdict(StrEnum):
    """What a comparison came to."""

    EQUAL = "equal"
    DIFFERS = "differs"
    NOT_COMPARED = "not compared"
    """There was nothing to compare; the note says why."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was."""

    what: str
    before: str | None
    after: str | None
    relative: float | None = None
    """Of numbers: the difference as a part of the number before."""
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Aspect:
    """One side of the comparison: parameters, metrics, predictions, files, environment, inputs."""

    name: str
    verdict: Verdict
    compared: int = 0
    """How many things were looked at."""
    differences: tuple[Difference, ...] = ()
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "compared": self.compared,
            "differences": [each.to_json() for each in self.differences],
            "note": self.note,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Aspect":
        differences = tuple(Difference(**each) for each in data["differences"])
        return cls(data["name"], Verdict(data["verdict"]), data["compared"], differences, data["note"])


@dataclass(frozen=True, slots=True)
class Held:
    """A table that the tasks of a reproduction read at the version of then."""

    table_id: str
    name: str
    version: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What it takes to reproduce a version."""

    model: str
    version: int
    run_id: str | None
    recipe: Mapping[str, Any] | None = None
    environment: str | None = None
    """Key of the environment's lock."""
    held: tuple[Held, ...] = ()
    obstacles: tuple[str, ...] = ()
    """Why it cannot be done."""
    limits: tuple[str, ...] = ()
    """What a reproduction does not hold equal."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What the code of a reproduction wanted to register; nothing of it is in the registry."""

    model: str
    source: str
    run_id: str | None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Reproduction:
    """One attempt to get a model version again."""

    id: str
    model: str
    version: int
    run_id: str
    """The MLflow run that the version was made from."""
    job_run_id: int
    principal: str
    status: Status
    started_at: int
    ended_at: int | None = None
    held: tuple[Held, ...] = ()
    limits: tuple[str, ...] = ()
    registered: tuple[Registered, ...] = ()
    held_back: tuple[str, ...] = ()
    """What the code would have changed in the registry."""
    predictions: Mapping[str, Any] | None = None
    """What the task after it has found out about the two models' answers."""
    aspects: tuple[Aspect, ...] = field(default=())
    message: str | None = None


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """How far a task of the run has come."""

    key: str
    result: str | None
    """None while it has not ended."""
    message: str = ""
