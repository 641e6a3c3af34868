# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Rows that came and went, weighed against what readers see: which values are new, and which only the table can tell.

The value of a key is its row with the latest event time, then the latest known time. Where it is the only row with
these clocks, the changes say by themselves what has become of it and of all that are later. Of earlier rows they do not
say all: once the value itself is gone, the table is asked, and so it is where several rows have the same clocks.
"""

from dataclasses import dataclass

import polars as pl

from boathouse.features.online.publishing.latest import EVENT, KNOWN

KEY, ROW, COMMIT, SIGN = "__key", "__row", "__commit", "__sign"
"""Of a changed row: the number of its key, its own, that of its commit; and 1 if it came, -1 if it went."""

FOUND, WAS, SINCE = "__found", "__was", "__since"
"""Whether a key is online, and the event and known time of its value there."""

_CLOCK = [KEY, EVENT, KNOWN]
_SAME, _LEFT, _LEAST, _MOST = "__same", "__left", "__least", "__most"
_STANDS, _EMPTIED = "__stands", "__emptied"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What changed rows come to. A key that is in none of the three keeps its value."""

    newer: pl.Series
    """Rows whose values take the place of what is online."""
    gone: pl.Series
    """Keys that have no row any more."""
    undecided: pl.Series
    """Keys whose value only the table can tell."""


def weigh(changed: pl.DataFrame, online: pl.DataFrame, *, has_time: bool) -> Verdict:
    """Judge each key by its rows that came and went.

    What is online has to be the image of the table before the first commit. Where rows went, each value there has to be
    the only row of its key with its clocks.

    Args:
        changed: The rows that count, in the order of their commits: :data:`KEY`, :data:`ROW`, :data:`COMMIT`,
            :data:`SIGN`, and both clocks.
        online: For each key :data:`FOUND`, :data:`WAS` and :data:`SINCE`.
        has_time: Whether rows have clocks. Without, all rows of a key are alike.
    """
    stands, emptied = pl.col(_LEFT) > 0, pl.col(_SAME) & (pl.col(_LEFT) <= 0)
    latest = (
        _counted(changed.lazy(), online.lazy())
        .with_columns(stands.alias(_STANDS), emptied.alias(_EMPTIED))
        .sort(_STANDS, EVENT, KNOWN)
        .group_by(KEY, maintain_order=True)
        .agg(pl.col(_STANDS, _MOST, ROW).last(), pl.col(_EMPTIED).any(), pl.col(_LEAST).min())
        .collect()
    )
    stand, emptied = latest[_STANDS], latest[_EMPTIED] & ~latest[_STANDS]
    undecided = (latest[_LEAST] < 0) | (stand & (latest[_MOST] > 1)) | (emptied & has_time)
    newer, gone = stand & ~undecided, emptied & ~undecided
    return Verdict(latest[ROW].filter(newer), latest[KEY].filter(gone), latest[KEY].filter(undecided))


def _counted(changed: pl.LazyFrame, online: pl.LazyFrame) -> pl.LazyFrame:
    """How many rows there are per key and clocks, of those that are not earlier than what is online: at the end, and at
    least and at most after any of the commits; and the last row that came.

    While there is never more than one, the last that came is the one that is there.
    """
    came = pl.when(pl.col(SIGN) > 0).then(ROW)
    after_commits = (
        _not_earlier(changed, online)
        .with_columns(came)
        .group_by(*_CLOCK, _SAME, COMMIT)
        .agg(pl.col(SIGN).sum(), pl.col(ROW).max())
        .sort(COMMIT)
        .with_columns((pl.col(_SAME) + pl.col(SIGN).cum_sum().over(_CLOCK)).alias(_LEFT))
    )
    left = pl.col(_LEFT)
    return after_commits.group_by(*_CLOCK, _SAME, maintain_order=True).agg(
        left.last(), left.min().alias(_LEAST), left.max().alias(_MOST), pl.col(ROW).max()
    )


def _not_earlier(changed: pl.LazyFrame, online: pl.LazyFrame) -> pl.LazyFrame:
    """The rows on which the value of a key depends, and whether they have the clocks of the one that is online."""
    event, known = pl.col(EVENT), pl.col(KNOWN)
    same = pl.col(FOUND) & event.eq_missing(pl.col(WAS)) & known.eq_missing(pl.col(SINCE))
    later = (event > pl.col(WAS)) | ((event == pl.col(WAS)) & (known > pl.col(SINCE)))
    met = changed.join(online, on=KEY, how="left").with_columns(same.alias(_SAME))
    return met.filter(~pl.col(FOUND) | pl.col(_SAME) | later.fill_null(False))
