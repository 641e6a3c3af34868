"""Rows that came and went, weighed: against tables that are held whole, after any commits."""

from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.features.online.publishing.latest import EVENT, KNOWN
from boathouse.features.online.publishing.weighing import COMMIT, FOUND, KEY, ROW, SIGN, SINCE, WAS, Verdict, weigh

CHANGED = {KEY: pl.Int64, ROW: pl.Int64, COMMIT: pl.Int64, SIGN: pl.Int64, EVENT: pl.Int64, KNOWN: pl.Int64}
ONLINE = {KEY: pl.Int64, FOUND: pl.Boolean, WAS: pl.Int64, SINCE: pl.Int64}


@dataclass(frozen=True)
class Row:
    """A row of the table; ``name`` stands for its features."""

    key: int
    event: int | None
    known: int | None
    name: int

    @property
    def clock(self) -> tuple[int, int]:
        return (self.event or 0, self.known or 0)


def winners(table: list[Row], key: int) -> list[Row]:
    """The rows with the latest clocks."""
    rows = [row for row in table if row.key == key]
    return [row for row in rows if row.clock == max(each.clock for each in rows)]


def are_told_apart(table: list[Row], key: int) -> bool:
    """Whether no two rows have the same clocks."""
    found = [row.clock for row in table if row.key == key]
    return len(set(found)) == len(found)


def judged(before: list[Row], commits: list[tuple[list[Row], list[Row]]], *, has_time: bool) -> Verdict:
    """The verdict on commits, each of which takes rows away and brings others; a row's number is its name."""
    changed = [
        (row.key, row.name, number, sign, row.event, row.known)
        for number, (went, came) in enumerate(commits)
        for sign, rows in ((1, came), (-1, went))
        for row in rows
    ]
    online: list[tuple[Any, ...]] = []
    for key in dict.fromkeys(each[0] for each in changed):
        first = next(iter(winners(before, key)), None)
        online.append((key, first is not None, first and first.event, first and first.known))
    told = pl.DataFrame(changed, CHANGED, orient="row"), pl.DataFrame(online, ONLINE, orient="row")
    return weigh(*told, has_time=has_time)


@st.composite
def histories(draw: st.DrawFn) -> tuple[bool, list[list[Row]], list[tuple[list[Row], list[Row]]]]:
    """Whether rows have clocks; the table before and after each commit; and the commits."""
    has_time = draw(st.booleans())
    instants = st.integers(0, 2) if has_time else st.none()
    free = iter(range(1_000))

    def rows(most: int, unique: bool) -> list[Row]:
        found = draw(
            st.lists(
                st.tuples(st.integers(0, 1), instants, instants), max_size=most,
                unique_by=(lambda each: each if has_time else each[0]) if unique else None,
            )
        )  # fmt: skip
        return [Row(*each, next(free)) for each in found]

    tables, commits = [rows(5, unique=True)], list[tuple[list[Row], list[Row]]]()
    for _ in range(draw(st.integers(1, 4))):
        stays = draw(st.lists(st.booleans(), min_size=len(tables[-1]), max_size=len(tables[-1])))
        went = [row for row, stay in zip(tables[-1], stays, strict=True) if not stay]
        rewritten = [Row(row.key, row.event, row.known, next(free)) for row in went if draw(st.booleans())]
        came = rewritten + rows(2, unique=False)
        commits.append((went, came))
        tables.append([row for row in tables[-1] if row not in went] + came)
    return has_time, tables, commits


@settings(max_examples=400, deadline=None)
@given(histories())
def test_a_verdict_is_what_the_whole_table_says(
    history: tuple[bool, list[list[Row]], list[tuple[list[Row], list[Row]]]],
) -> None:
    has_time, tables, commits = history
    verdict = judged(tables[0], commits, has_time=has_time)
    newer, gone, undecided = set(verdict.newer), set(verdict.gone), set(verdict.undecided)
    for key in (0, 1):
        was, now = winners(tables[0], key), winners(tables[-1], key)
        told = [row for row in now if row.name in newer]
        if key in undecided:
            is_surpassed = bool(now) and (not was or now[0].clock >= was[0].clock)
            assert not (is_surpassed and all(are_told_apart(table, key) for table in tables))
        elif key in gone:
            assert not now
        else:
            assert now == (told or was)
    assert newer <= {row.name for row in tables[-1]}


A, B, C = Row(0, 5, 1, 1), Row(0, 5, 1, 2), Row(0, 3, 1, 3)
LATER = Row(0, 5, 2, 4)


@pytest.mark.parametrize(
    ("commits", "expected"),
    [
        ([([A], [B])], ([2], [], [])),  # changed in place
        ([([A], [B]), ([B], [Row(0, 5, 1, 9)])], ([9], [], [])),  # twice
        ([([C], [Row(0, 3, 1, 9)])], ([], [], [])),  # an earlier row makes no difference
        ([([A], [])], ([], [], [0])),  # what comes up now, only the table knows
        ([([A], [Row(0, 1, 1, 9)])], ([], [], [0])),
        ([([A], []), ([], [B])], ([2], [], [])),
        ([([], [LATER]), ([LATER], [])], ([], [], [])),
        ([([A], []), ([], [LATER])], ([4], [], [])),
        ([([], [B])], ([], [], [0])),  # two with the same clocks
        ([([], [B]), ([B], [])], ([], [], [0])),  # of which the one that stays is not told
        ([([], [B]), ([], [LATER])], ([4], [], [])),
        ([([LATER], [])], ([], [], [0])),  # a row went that was not there
    ],
)
def test_each_way_of_changing(commits: list[Any], expected: Any) -> None:
    verdict = judged([A, C], commits, has_time=True)
    assert (verdict.newer.to_list(), verdict.gone.to_list(), verdict.undecided.to_list()) == expected


def test_without_time_a_row_that_goes_takes_its_key_along() -> None:
    one, other = Row(0, None, None, 1), Row(0, None, None, 2)
    gone = judged([one], [([one], [])], has_time=False)
    changed = judged([one], [([one], [other])], has_time=False)
    two = judged([one], [([], [other])], has_time=False)
    assert (gone.newer.to_list(), gone.gone.to_list(), gone.undecided.to_list()) == ([], [0], [])
    assert (changed.newer.to_list(), changed.gone.to_list(), changed.undecided.to_list()) == ([2], [], [])
    assert (two.newer.to_list(), two.gone.to_list(), two.undecided.to_list()) == ([], [], [0])
