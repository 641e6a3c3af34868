"""Which events somebody wants to hear of: by type, by what they happened to, by what they say. ``*`` is any text, and
``!`` before a pattern is everything else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from boathouse.foundation.errors import did_you_mean
from boathouse.foundation.shapes import Problem, Shape
from boathouse.foundation.yaml_source import KeyPath

Wanted = str | int | bool
NOT = "!"


class EventFilter(Shape):
    """Everything that is said has to be true of an event."""

    types: list[str] = Field(min_length=1, max_length=50)
    """``model_version.created``, ``model_version.*``, ``*``; ``!gate.*``: but not these."""
    subject: str | None = None
    """What it happened to: ``prod.flights.*``, a job's id, ``bundle/target``."""
    fields: dict[str, Wanted | list[Wanted]] = Field(default_factory=dict[str, Any])
    """What its data have to say: ``{alias: champion}``; of a list, any one."""

    def takes(self, type: str, subject: str, data: Mapping[str, Any]) -> bool:
        """Whether such an event is wanted."""
        return (
            _fits(self.types, type)
            and (self.subject is None or _fits([self.subject], subject))
            and all(_fits(_several(wanted), _text(data.get(name))) for name, wanted in self.fields.items())
        )


def problems_of_filter(wanted: EventFilter, known: Sequence[str], path: KeyPath = ()) -> Iterator[Problem]:
    """Types that no event has: such a filter would wait for ever."""
    for index, pattern in enumerate(wanted.types):
        if not any(matches(pattern.removeprefix(NOT), each) for each in known):
            hint = did_you_mean(pattern, known) or f"There are: {', '.join(known)}."
            yield Problem((*path, "types", index), f"no event is of the type {pattern!r}.", hint)


def matches(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern in which ``*`` stands for any text; case does not count.

    Takes time in proportion to the text, whatever the pattern.

    Example:
        >>> matches("prod.*.delay", "prod.flights.delay")
        True
    """
    first, *others = pattern.casefold().split("*")
    text = text.casefold()
    if not others:
        return text == first
    last = others.pop()
    if not text.startswith(first):
        return False
    place = len(first)
    for piece in others:
        found = text.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return len(text) - len(last) >= place and text.endswith(last)


def _fits(patterns: Sequence[str], text: str) -> bool:
    """One of those that say what it is, if there are such, and none of those that say what it is not."""
    wanted = [each for each in patterns if not each.startswith(NOT)]
    unwanted = [each.removeprefix(NOT) for each in patterns if each.startswith(NOT)]
    return (not wanted or any(matches(each, text) for each in wanted)) and not any(
        matches(each, text) for each in unwanted
    )


def _several(wanted: Wanted | list[Wanted]) -> list[str]:
    return [_text(each) for each in (wanted if isinstance(wanted, list) else [wanted])]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
