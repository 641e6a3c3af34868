"""The fourth proof: the table itself, as it was at a row's instant, holds the value already.

A known time is what somebody has declared. Delta keeps what the table was, so the claim can be held against it: where
the table is older than the row's instant, the version of that instant must give the same row.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pyarrow as pa

from boathouse.features.certificate.definition import accepted_values, same, winners
from boathouse.features.certificate.instants import Instants
from boathouse.features.certificate.nouns import Check, CheckVerdict
from boathouse.features.certificate.raw_rows import read_raw_rows
from boathouse.features.certificate.sampled import SHOWN, Sampled
from boathouse.foundation.errors import BoathouseError
from boathouse.lake import open_snapshot
from boathouse.lake.snapshots import dated_commits

NAME = "the table's history"
MOST_VERSIONS = 20
"""Older versions that are opened for one lookup."""


@dataclass(frozen=True, slots=True)
class History:
    """How the past of a table is looked at."""

    grace: timedelta
    """How long after its known time a value may take to stand in the table."""
    seed: int = 0

    def check(self, sample: Sampled) -> Check:
        return _history(sample, self.grace // timedelta(microseconds=1), self.seed)


def _history(sample: Sampled, grace: int, seed: int) -> Check:
    if sample.lookup.at is None or sample.at is None or sample.rows.effective is None:
        return _not_applicable(sample, "the lookup does not look at time.")
    kind = sample.spine.schema.field(sample.lookup.at).type
    if pa.types.is_timestamp(kind) and kind.tz is None:
        return _not_applicable(sample, "the instants of the rows have no zone, so no version is the one of then.")
    location, newest = sample.features.snapshot.location, sample.features.version
    commits = [commit for commit in dated_commits(location) if commit.version <= newest]
    if not commits:
        return _not_applicable(sample, "the log of the table is gone.")
    starts = np.array([int(commit.timestamp.timestamp() * 1_000_000) for commit in commits])
    then = np.searchsorted(starts, sample.at.values + grace, side="right") - 1
    matched = np.array([len(found) > 0 for found in sample.winners], bool)
    young = matched & sample.at.present & (sample.at.values >= starts[0])
    if not young.any():
        return _not_applicable(sample, "the table is younger than the instants of the rows.")
    past = sorted(set(then[young].tolist()) - {len(commits) - 1})
    dice = np.random.default_rng(seed)
    chosen = past if len(past) <= MOST_VERSIONS else sorted(dice.choice(past, MOST_VERSIONS, replace=False).tolist())
    measured = int((young & (then == len(commits) - 1)).sum())
    examples: list[dict[str, str]] = []
    violations = 0
    for place in chosen:
        rows = np.flatnonzero(young & (then == place))
        try:
            wrong, compared = _wrong(sample, rows, commits[place].version)
        except BoathouseError:
            continue  # files of old versions may be vacuumed; what is left is measured
        measured += compared
        violations += len(wrong)
        examples += [
            sample.described(row, version_then=commits[place].version, version_read=newest, feature=feature)
            for row, feature in wrong[: SHOWN - len(examples)]
        ]
    if violations:
        said = (
            f"{violations} of {measured} values were not in the table at the instant of their row, although they are"
            " declared as known by then. Declare a known time or a longer lag; or, if the features were only defined"
            " anew, leave this proof out with history=False."
        )
        return Check(NAME, sample.label, CheckVerdict.FAILED, measured, violations, said, tuple(examples))
    if not measured:
        return _not_applicable(sample, "the versions of the rows' instants are not kept any more.")
    said = f"{measured} values were in the table at the instant of their row."
    return Check(NAME, sample.label, CheckVerdict.PASSED, measured, 0, said)


def _wrong(sample: Sampled, rows: np.ndarray, version: int) -> tuple[list[tuple[int, str]], int]:
    """The rows that an older version gives another value, with the feature, and how many were compared."""
    snapshot = open_snapshot(sample.features.snapshot.location, version=version)
    outputs = tuple(output for output in sample.lookup.outputs if output.feature in snapshot.fields)
    lookup = replace(sample.lookup, outputs=outputs)
    clocks = [name for name in (lookup.event, lookup.known.column) if name is not None]
    if not outputs or any(name not in snapshot.fields for name in (*clocks, *(key for _, key in lookup.keys))):
        return [], 0
    raw, used = read_raw_rows(sample.features.engine, snapshot, lookup, sample.spine.take(pa.array(rows)))
    rows = rows[used]
    assert sample.at is not None and sample.at_up is not None
    at, at_up = (Instants(each.values[rows], each.present[rows]) for each in (sample.at, sample.at_up))
    wrong: list[tuple[int, str]] = []
    for place, row in enumerate(rows.tolist()):
        now, before = sample.winners[row], winners(raw, lookup, place, at, at_up)
        for output in outputs:
            right = accepted_values(sample.rows, now, output)
            old = accepted_values(raw, before, output)
            if not any(same(one, other) for one in right for other in old):
                wrong.append((row, output.name))
                break
    return wrong, len(rows)


def _not_applicable(sample: Sampled, why: str) -> Check:
    return Check(NAME, sample.label, CheckVerdict.NOT_APPLICABLE, 0, 0, why)
