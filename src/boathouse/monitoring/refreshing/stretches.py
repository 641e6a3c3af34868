"""Stretches of windows: which ones are looked at, and how a table is told that it is about those."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from boathouse.quality.profiles.windows import Granularity, granularity

Windows = Mapping[str, frozenset[datetime]]
"""Beginnings of windows, by granularity."""
MOST_STRETCHES = 100
"""A condition that names more is slower than a few windows too many."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Windows of one length, one after the other: [start, end)."""

    granularity: str
    start: datetime
    end: datetime

    @property
    def condition(self) -> str:
        """For a table that has ``granularity`` and ``window_start``."""
        first, last = (each.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for each in (self.start, self.end))
        return f"granularity = '{self.granularity}' AND window_start >= '{first}' AND window_start < '{last}'"

    @property
    def sql(self) -> str:
        """The same in Databricks SQL."""
        first, last = (each.astimezone(UTC).isoformat() for each in (self.start, self.end))
        return (
            f"granularity = '{self.granularity}' AND window_start >= TIMESTAMP '{first}' "
            f"AND window_start < TIMESTAMP '{last}'"
        )

    def windows(self) -> Iterator[datetime]:
        length, start = granularity(self.granularity), self.start
        while start < self.end:
            yield start
            start = length.end_of(start)


def windows_of(granularities: Sequence[str], instants: Iterable[datetime]) -> dict[str, frozenset[datetime]]:
    """The windows of every length that hold one of the instants."""
    known, found = list(instants), dict[str, frozenset[datetime]]()
    for text in granularities:
        length = granularity(text)
        found[text] = frozenset(length.start_of(each) for each in known)
    return found


def stretches_of(text: str, starts: Iterable[datetime], *, most_windows: int | None = None) -> list[Stretch]:
    """The windows, those side by side in one stretch of at most so many. Where gaps are too many, the smallest are
    bridged."""
    length, found = granularity(text), list[Stretch]()
    count = 0
    for start in sorted(starts):
        end = length.end_of(start)
        if found and found[-1].end == start and (most_windows is None or count < most_windows):
            found[-1] = Stretch(text, found[-1].start, end)
            count += 1
        else:
            found.append(Stretch(text, start, end))
            count = 1
    return found if most_windows is not None else _bridged(found)


def _bridged(stretches: list[Stretch]) -> list[Stretch]:
    gaps = sorted((after.start - before.end for before, after in pairwise(stretches)), reverse=True)
    if len(gaps) < MOST_STRETCHES:
        return stretches
    widest = gaps[MOST_STRETCHES - 1]
    found = stretches[:1]
    for each in stretches[1:]:
        if each.start - found[-1].end <= widest:
            found[-1] = Stretch(each.granularity, found[-1].start, each.end)
        else:
            found.append(each)
    return found


def before_and_after(text: str, starts: Iterable[datetime]) -> frozenset[datetime]:
    """The windows and those right after them: what comes after a window is compared with it."""
    length: Granularity = granularity(text)
    known = frozenset(starts)
    return known | {length.end_of(each) for each in known}


def derived_from(granularities: Sequence[str]) -> dict[str, str | None]:
    """For each length, the asked one that it is made of whole windows of; None for one that has to be scanned."""
    lengths = [granularity(each) for each in granularities]
    found: dict[str, str | None] = {}
    for each in lengths:
        parts = [other for other in lengths if other != each and _is_made_of(each, other)]
        longest = max(parts, key=lambda other: other.seconds or 0, default=None)
        found[each.text] = longest.text if longest is not None else None
    return found


def _is_made_of(whole: Granularity, part: Granularity) -> bool:
    if part.seconds is None or part.unit == "week":
        return False
    seconds = whole.seconds if whole.seconds is not None else 86_400
    return seconds % part.seconds == 0 and (whole.seconds is None or whole.seconds > part.seconds)
