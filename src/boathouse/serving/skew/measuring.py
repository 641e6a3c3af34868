"""How the features that requests were answered with compare with the tables that they come from.

A value is compared with what was known at the instant of the request, by both clocks of its table. Where they differ,
the table is asked once more as it was then: what has only been corrected since is no difference. And where an older
value was read than the table knew, and the newer one had come a short while before, that was the way from table to
online store: it is counted apart. What remains is skew.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from boathouse.features.feature_spec import FeatureSpec, Lookup
from boathouse.foundation.errors import BoathouseError
from boathouse.serving.skew.nouns import AskedRow, FeatureSkew
from boathouse.serving.skew.offline import (
    EVENT,
    OfflineTables,
    Version,
    as_captured,
    asked_at,
    instant_of,
    microseconds_of,
)

LATE_BY_DEFAULT = timedelta(hours=1)
"""How long a value may take to the online store where its table promises nothing."""
_MOST_VERSIONS = 50
"""Old versions of a table that are read at most to explain differences."""
_MOST_BACK = 10
"""Versions before that of a request, for tables without an event time."""
_MOST_ROWS_BACK = 100
"""Rows of a key that became known one after another, for tables that say when."""
_EXAMPLES = 3
_BEFORE_ALL, _AFTER_ALL = -(1 << 62), 1 << 62
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class _Differing:
    """A value that is not what the table says."""

    row: AskedRow
    online: Any
    offline: Any
    event: int | None
    """Of when the offline value is."""


def measured(
    tables: OfflineTables, spec: FeatureSpec, rows: Sequence[AskedRow], *, late: timedelta | None = None
) -> list[FeatureSkew]:
    """The skew of each looked-up feature.

    Args:
        late: How long a value may take to the online store; by default what its table promises.
    """
    found: list[FeatureSkew] = []
    for lookup in spec.lookups:
        promised = tables.freshness_seconds(lookup.table)
        may_take = late or (timedelta(seconds=promised) if promised is not None else LATE_BY_DEFAULT)
        found += _of_lookup(tables, lookup, rows, may_take)
    return found


def _of_lookup(
    tables: OfflineTables, lookup: Lookup, rows: Sequence[AskedRow], late: timedelta
) -> list[FeatureSkew]:  # fmt: skip
    offline = tables.values(lookup, rows) if rows else {}
    events = next((values for name, values in offline.items() if name.startswith(EVENT)), [None] * len(rows))
    meter = _Meter(tables, lookup, late)
    found: list[FeatureSkew] = []
    for output in lookup.outputs:
        skew = FeatureSkew(output.name, str(lookup.table))
        differing: list[_Differing] = []
        for at, row in enumerate(rows):
            if output.name in row.inputs or output.name not in row.values:
                continue  # the caller brought it, or nothing was kept
            skew.rows += 1
            online, value = row.values[output.name], as_captured(offline[output.name][at])
            if not same(online, value):
                differing.append(_Differing(row, online, value, microseconds_of(events[at])))
        meter.explain(skew, differing)
        found.append(skew)
    return found


class _Meter:
    """Explains the differences of one lookup."""

    def __init__(self, tables: OfflineTables, lookup: Lookup, late: timedelta) -> None:
        self._tables = tables
        self._lookup = lookup
        self._late = late
        self._known: list[Version] | None = None

    def explain(self, skew: FeatureSkew, differing: Sequence[_Differing]) -> None:
        left = self._without_corrected(skew, differing)
        left = self._without_late(skew, left)
        skew.mismatches = len(left)
        skew.examples = [
            {"request_id": each.row.request_id, "row": each.row.row, "online": each.online, "offline": each.offline}
            for each in left[:_EXAMPLES]
        ]

    def _without_corrected(self, skew: FeatureSkew, differing: Sequence[_Differing]) -> list[_Differing]:
        """Those that differ from the table as it was then, too; with what it said then."""
        by_version: dict[int | None, list[_Differing]] = defaultdict(list)
        for each in differing:
            by_version[self._version_at(each.row.at)].append(each)
        left: list[_Differing] = []
        order = sorted(by_version, key=lambda version: -len(by_version[version]))
        for number, version in enumerate(order):
            those = by_version[version]
            if version is None or number >= _MOST_VERSIONS:
                left += those
                continue
            try:
                then = self._tables.values(self._lookup, [each.row for each in those], version)
            except BoathouseError:  # its files are gone, or it had other columns
                left += those
                continue
            events = next((values for name, values in then.items() if name.startswith(EVENT)), [None] * len(those))
            for each, value, event in zip(those, then[skew.feature], events, strict=True):
                if same(each.online, as_captured(value)):
                    skew.corrected += 1
                else:
                    left.append(_Differing(each.row, each.online, as_captured(value), microseconds_of(event)))
        return left

    def _without_late(self, skew: FeatureSkew, differing: Sequence[_Differing]) -> list[_Differing]:
        if not differing:
            return []
        explained = (
            self._late_by_event(skew, differing) if self._lookup.event else self._late_by_version(skew, differing)
        )
        left = [each for each, is_late in zip(differing, explained, strict=True) if not is_late]
        skew.late += len(differing) - len(left)
        return left

    def _late_by_event(self, skew: FeatureSkew, differing: Sequence[_Differing]) -> list[bool]:
        """Whether an older value of the key was read, and the newer one had been known for a short while only."""
        older = self._tables.values_of(self._lookup, [each.row for each in differing], skew.feature)
        explained = [
            each.event is not None
            and (each.online is None or same(each.online, as_captured(value)))
            and (each.row.events.get(skew.feature) or _BEFORE_ALL) < each.event
            for each, value in zip(differing, older, strict=True)
        ]
        lately = self._came_lately([each for each, it_is in zip(differing, explained, strict=True) if it_is])
        found = iter(lately)
        explained = [it_is and next(found) for it_is in explained]
        if self._lookup.known.column is None:
            return explained
        open_still = [place for place, it_is in enumerate(explained) if not it_is]
        for place, it_is in zip(
            open_still, self._late_by_knowledge(skew, [differing[at] for at in open_still]), strict=True
        ):
            explained[place] = it_is
        return explained

    def _late_by_knowledge(self, skew: FeatureSkew, differing: Sequence[_Differing]) -> list[bool]:
        """Whether the value was what could be known a short while before the request.

        One event may be told of again and again, so the event's time alone does not say which row was read: this goes
        back from row to row by the time that each became known.
        """
        explained = [False] * len(differing)
        asked = [microseconds_of(asked_at(each.row, self._lookup)) or 0 for each in differing]
        back_to = [instant - self._late // _MICROSECOND for instant in asked]
        before = dict(enumerate(asked))
        for _ in range(_MOST_ROWS_BACK):
            places = list(before)
            if not places:
                break
            rows, instants = [differing[place].row for place in places], [instant_of(before[place]) for place in places]
            said = self._tables.known_then(self._lookup, rows, skew.feature, instants)
            for place, (value, since) in zip(places, said, strict=True):
                explained[place] = same(differing[place].online, as_captured(value))
                if explained[place] or since is None or since <= back_to[place]:
                    del before[place]
                else:
                    before[place] = since - 1
        return explained

    def _came_lately(self, differing: Sequence[_Differing]) -> list[bool]:
        """Whether the value of the table became known shortly before the request: by its clocks, or by the commit that
        brought it."""
        lag = self._lookup.known.lag // timedelta(microseconds=1)
        span = self._late // timedelta(microseconds=1)
        asked = [microseconds_of(asked_at(each.row, self._lookup)) or 0 for each in differing]
        found = [at - ((each.event or 0) + lag) <= span for at, each in zip(asked, differing, strict=True)]
        by_version: dict[int | None, list[int]] = defaultdict(list)
        for place, is_young in enumerate(found):
            if not is_young:
                by_version[self._version_at(differing[place].row.at - self._late)].append(place)
        for version in sorted(by_version, key=lambda each: -len(by_version[each]))[:_MOST_VERSIONS]:
            places = by_version[version]
            events = self._events_at([differing[place].row for place in places], version)
            for place, event in zip(places, events, strict=True):
                found[place] = (event or _BEFORE_ALL) < (differing[place].event or 0)
        return found

    def _events_at(self, rows: Sequence[AskedRow], version: int | None) -> Sequence[int | None]:
        """Of when the values are that a version has for some rows; before the first version there are none."""
        if version is None:
            return [None] * len(rows)
        try:
            then = self._tables.values(self._lookup, rows, version)
        except BoathouseError:
            return [_AFTER_ALL] * len(rows)  # nobody knows, so it explains nothing
        return [microseconds_of(each) for each in next(v for name, v in then.items() if name.startswith(EVENT))]

    def _late_by_version(self, skew: FeatureSkew, differing: Sequence[_Differing]) -> list[bool]:
        """Whether the table said so a short while before."""
        explained = [False] * len(differing)
        by_version: dict[int, list[int]] = defaultdict(list)
        for place, each in enumerate(differing):
            for version in self._shortly_before(each.row.at):
                by_version[version].append(place)
        for version in sorted(by_version, key=lambda each: -len(by_version[each]))[:_MOST_VERSIONS]:
            places = [place for place in by_version[version] if not explained[place]]
            try:
                said = self._tables.values(self._lookup, [differing[place].row for place in places], version)
            except BoathouseError:
                continue
            for place, value in zip(places, said[skew.feature], strict=True):
                explained[place] = same(differing[place].online, as_captured(value))
        return explained

    def _shortly_before(self, at: datetime) -> list[int]:
        """Versions that were the newest within the time that a value may take, the newest first."""
        versions = self._versions()
        last = bisect_right([version.since for version in versions], at)
        found: list[int] = []
        for place in range(last - 2, -1, -1):
            if at - versions[place + 1].since > self._late or len(found) >= _MOST_BACK:
                break
            found.append(versions[place].number)
        return found

    def _version_at(self, at: datetime) -> int | None:
        versions = self._versions()
        place = bisect_right([version.since for version in versions], at)
        return versions[place - 1].number if place else None

    def _versions(self) -> list[Version]:
        if self._known is None:
            self._known = self._tables.versions(self._lookup.table)
        return self._known


def same(online: Any, offline: Any) -> bool:
    """Whether two values are the same; of numbers not whether they are written the same."""
    if isinstance(online, bool) != isinstance(offline, bool):
        return False
    return online == offline or (online != online and offline != offline)
