"""Two answers, output by output. Equal is equal: to the last digit."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from boathouse.serving.replay.nouns import Difference

_LONGEST = 100


def differences(then: Any, now: Any) -> Iterator[Difference]:
    """Where two values of ``predictions`` differ."""
    if isinstance(then, list) and isinstance(now, list):
        yield from _of_rows(cast("list[Any]", then), cast("list[Any]", now))
    else:
        yield from _of_values("predictions", then, now)


def _of_rows(then: Sequence[Any], now: Sequence[Any]) -> Iterator[Difference]:
    if len(then) != len(now):
        yield Difference("rows", str(len(then)), str(len(now)))
    for row, (one, other) in enumerate(zip(then, now, strict=False)):
        yield from _of_values(f"row {row}", one, other)


def _of_values(place: str, then: Any, now: Any) -> Iterator[Difference]:
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        one, other = cast("Mapping[str, Any]", then), cast("Mapping[str, Any]", now)
        for name in dict.fromkeys([*one, *other]):
            if name in one and name in other:
                yield from _of_values(f"{place}, {name}", one[name], other[name])
            else:
                yield Difference(f"{place}, {name}", _shown(one, name), _shown(other, name))
        return
    if isinstance(then, list) and isinstance(now, list):
        first, second = cast("list[Any]", then), cast("list[Any]", now)
        if len(first) == len(second):
            for at, (one, other) in enumerate(zip(first, second, strict=True)):
                yield from _of_values(f"{place}, {at}", one, other)
            return
    if then != now and not (then != then and now != now):
        yield Difference(place, repr(then)[:_LONGEST], repr(now)[:_LONGEST], _apart(then, now))


def _apart(then: Any, now: Any) -> float | None:
    numbers = [each for each in (then, now) if isinstance(each, int | float) and not isinstance(each, bool)]
    return abs(numbers[0] - numbers[1]) if len(numbers) == 2 else None


def _shown(values: Mapping[str, Any], name: str) -> str:
    return repr(values[name])[:_LONGEST] if name in values else "nothing"
