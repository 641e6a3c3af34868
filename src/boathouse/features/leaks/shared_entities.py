"""Entities on both sides of a split: the model may know them by heart, and the test does not notice.

That is a leak where entities are many and come with few rows each (patients, customers); a carrier with thousands of
rows is on both sides of every split. In a split by time entities come back as they will in use, so there it is
suspicious only when their labels come back with them.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from boathouse.features.leaks.label import Label, LabelKind
from boathouse.features.leaks.nouns import LeakSignal, judged, not_measured
from boathouse.features.leaks.splits import Split

NAME = "entities on both sides of the split"
THRESHOLD = 0.01
"""Share of the rows tested on whose entity is also learnt from."""
AGREEMENT_THRESHOLD = 0.8
"""Agreement beyond chance (Cohen's kappa) of an entity's labels before and after the split."""
MANY_ROWS = 50
"""With more rows per entity than this, entities are categories."""


def shared_entity_signals(
    frame: pl.DataFrame, split: Split, entities: Sequence[tuple[str, ...]], label: Label | str
) -> list[LeakSignal]:
    return [_signal(frame, split, keys, label) for keys in dict.fromkeys(entities)]


def _signal(frame: pl.DataFrame, split: Split, keys: tuple[str, ...], label: Label | str) -> LeakSignal:
    column = ", ".join(keys)
    rows = frame.select(keys).with_columns(_learnt=split.learnt, _row=np.arange(frame.height))
    rows = rows.filter(split.learnt | split.tested).drop_nulls(list(keys))
    learnt = rows.filter(pl.col("_learnt")).select(keys).unique()
    tested = rows.filter(~pl.col("_learnt"))
    if learnt.height == 0 or tested.height == 0:
        return not_measured(NAME, column, THRESHOLD, "One side of the split is empty.")
    shared = tested.join(learnt, on=list(keys), how="semi")
    share = shared.height / tested.height
    per_entity = rows.height / rows.select(keys).n_unique()
    found = f"{share:.1%} of the rows tested on have a {column} that is also learnt from"
    if per_entity > MANY_ROWS and not split.by_time:
        why = f"{found}; but it has {per_entity:.0f} rows per value, so it is a category rather than an entity."
        return not_measured(NAME, column, THRESHOLD, why)
    if not split.by_time:
        return judged(
            NAME, column, share, THRESHOLD, f"{found} (suspicious from {THRESHOLD:.0%}).",
            f"Split by {column}: all rows of one {column} on one side, as with scikit-learn's GroupShuffleSplit.",
        )  # fmt: skip
    agreement = _agreement(rows, keys, label)
    if agreement is None:
        return not_measured(NAME, column, AGREEMENT_THRESHOLD, f"{found}; too few of them to compare labels.")
    return judged(
        NAME, column, agreement, AGREEMENT_THRESHOLD,
        f"{found}, as is natural in a split by time; their labels before and after it agree with kappa {agreement:.2f}"
        f" (suspicious from {AGREEMENT_THRESHOLD}).",
        f"The label is a lasting fact about {column}: the model only has to remember it. Test on {column} it has never"
        " seen as well.",
    )  # fmt: skip


def _agreement(rows: pl.DataFrame, keys: tuple[str, ...], label: Label | str) -> float | None:
    """How far the label that an entity had most often before the split is the one it has after it, beyond chance."""
    if isinstance(label, str):
        return None
    values = np.minimum((label.values * 10).astype(np.int64), 9) if label.kind is LabelKind.NUMBER else label.values
    labels = pl.DataFrame({"_row": label.rows, "_label": values})
    told = rows.join(labels, on="_row", how="inner")
    before = told.filter(pl.col("_learnt")).group_by(keys).agg(pl.col("_label").mode().min().alias("_before"))
    both = told.filter(~pl.col("_learnt")).join(before, on=list(keys), how="inner")
    if both.height < 20:
        return None
    old, new = both["_before"].to_numpy(), both["_label"].to_numpy()
    width = int(values.max()) + 1
    chance = float((np.bincount(old, minlength=width) * np.bincount(new, minlength=width)).sum()) / both.height**2
    return 0.0 if chance >= 1 else float(((old == new).mean() - chance) / (1 - chance))
