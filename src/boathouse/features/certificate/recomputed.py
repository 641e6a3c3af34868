# pyright: reportUnknownParameterType=false
"""The first proof: the values of the sample are those that the definition gives, from the raw rows of their keys."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from boathouse.features.certificate.definition import Winners, accepted_values, same
from boathouse.features.certificate.nouns import Check, CheckVerdict
from boathouse.features.certificate.raw_rows import RawRows
from boathouse.features.certificate.sampled import SHOWN, Sampled
from boathouse.features.feature_spec import Output

NAME = "recomputed by the definition"


def recomputed(sample: Sampled) -> Check:
    found = sample.winners
    examples: list[dict[str, str]] = []
    wrong: set[int] = set()
    for output in sample.lookup.outputs:
        for row, got, right in differing(sample.got[output.name], sample.rows, found, output):
            wrong.add(row)
            if len(examples) < SHOWN:
                examples.append(sample.described(row, feature=output.name, in_the_training_set=got, right=right))
    matched = sum(len(each) > 0 for each in found)
    return Check(
        NAME, sample.label, _verdict(matched, wrong), len(found), len(wrong), _said(len(found), matched, len(wrong)),
        tuple(examples),
    )  # fmt: skip


def differing(
    got: pa.ChunkedArray, rows: RawRows, found: Sequence[Winners], output: Output
) -> list[tuple[int, Any, Any]]:
    """The rows whose value is none of the accepted ones: their position, their value, and the right one."""
    values = rows.table[output.feature].take(pa.array([each[-1] if len(each) else None for each in found], pa.int64()))
    pairs = zip(got.to_pylist(), values.to_pylist(), strict=True)
    rights = [(value, output.default if right is None else right) for value, right in pairs]
    suspects = [row for row, (value, right) in enumerate(rights) if not same(value, right)]
    return [
        (row, *rights[row])
        for row in suspects
        if not any(same(rights[row][0], value) for value in accepted_values(rows, found[row], output))
    ]


def _verdict(matched: int, wrong: set[int]) -> CheckVerdict:
    if wrong:
        return CheckVerdict.FAILED
    return CheckVerdict.PASSED if matched else CheckVerdict.INCONCLUSIVE


def _said(rows: int, matched: int, wrong: int) -> str:
    if wrong:
        return f"{wrong} of {rows} rows have other values than the definition gives."
    if not matched:
        return f"none of {rows} rows has a match, so nothing was measured."
    return f"{rows} rows have the values that the definition gives, {matched} of them with a match."
