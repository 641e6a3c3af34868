"""The nouns: a practice, and a scale whose levels ask for practices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from boathouse.monitoring.maturity.facts import Facts
from boathouse.monitoring.maturity.findings import Finding


@dataclass(frozen=True, slots=True)
class Practice:
    """Something that mature teams do, and how one sees that it was done."""

    name: str
    title: str
    probe: Callable[[Facts], Finding]
    next_step: str
    """What to do where it is not met; ``{model}`` is the model's name."""
    effort: int
    """1: a command; 2: some lines in a file; 3: a day's work; 4: more than that."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a scale: reached when its practices and those of all levels below are met."""

    number: int
    name: str
    practices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """A published way to speak of maturity, in terms of practices."""

    name: str
    title: str
    levels: tuple[Level, ...]
    """Ascending from 0, which asks for nothing."""


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where a model stands on a scale."""

    scale: Scale
    level: int
    level_if_measured: int
    """The level if all that nobody measures were met: what is missing between the two is not known to be missing."""
    cheapest: Mapping[int, str]
    """Of each level that lacks something of its own: the practice that is had at the lowest price."""

    @property
    def next_practice(self) -> str | None:
        """The cheapest of what the next level lacks; None at the top."""
        return self.cheapest.get(self.level + 1)


@dataclass(frozen=True, slots=True)
class Maturity:
    """A model's maturity."""

    model: str
    version: int | None
    """The version that was looked at: the one in production, else the newest."""
    findings: dict[str, Finding]
    standpoints: tuple[Standpoint, ...]
