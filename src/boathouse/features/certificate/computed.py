# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""On-demand features: computed once more for the sample alone, they must come out the same.

A function that looks at other rows, draws lots or reads the clock does not; nor does a value that was changed later.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from boathouse.features.certificate.definition import same
from boathouse.features.certificate.nouns import Check, CheckVerdict
from boathouse.features.certificate.sampled import SHOWN
from boathouse.features.specs.augmenting import augment
from boathouse.features.specs.functions import OnDemand
from boathouse.session import Session

if TYPE_CHECKING:
    from boathouse.features.training.training_sets import TrainingSet

NAME = "computed once more"


def computed_again(
    session: Session, training_set: "TrainingSet", few: pa.Table, got: Mapping[str, pa.ChunkedArray]
) -> Iterator[Check]:
    """One check for each on-demand feature that the training set holds.

    Args:
        few: The sampled rows of the frame.
        got: What the training set holds for them.
    """
    steps = [step for step in training_set.spec.computations if step.name in got]
    if not steps:
        return
    with OnDemand(session, training_set.opened.functions) as functions:
        again = augment(
            few, training_set.spec, training_set.opened.tables, functions, as_of=training_set.as_of
        ).features
    for step in steps:
        pairs = list(zip(got[step.name].to_pylist(), again[step.name].to_pylist(), strict=True))
        wrong = [(row, was, now) for row, (was, now) in enumerate(pairs) if not same(was, now)]
        examples = tuple(
            {"sampled row": str(row), "in the training set": str(was), "computed again": str(now)}
            for row, was, now in wrong[:SHOWN]
        )
        yield Check(
            NAME, f"function {step.function} ({step.name})", _verdict(len(pairs), len(wrong)), len(pairs), len(wrong),
            _said(len(pairs), len(wrong)), examples,
        )  # fmt: skip


def _verdict(rows: int, wrong: int) -> CheckVerdict:
    if wrong:
        return CheckVerdict.FAILED
    return CheckVerdict.PASSED if rows else CheckVerdict.INCONCLUSIVE


def _said(rows: int, wrong: int) -> str:
    if wrong:
        return (
            f"{wrong} of {rows} rows come out otherwise when they are computed alone: the function looks at other "
            "rows, at the clock or at chance, or the values were changed."
        )
    return f"{rows} rows come out the same when they are computed alone."
