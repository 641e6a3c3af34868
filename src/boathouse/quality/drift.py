"""How far the distribution of each column has moved from that of a reference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from boathouse.quality.chi_square import chi_square
from boathouse.quality.columns import Kind, kind_of, present, sampled
from boathouse.quality.counting import Counts, category_counts, number_counts, two_of
from boathouse.quality.distances import jensen_shannon_distance, population_stability_index, stability_p_value
from boathouse.quality.kolmogorov_smirnov import kolmogorov_smirnov

SHIFTED = 0.25
"""From this population stability index on, a distribution counts as another one (Siddiqi 2006)."""
SURE = 0.001
"""And only if chance gives an index as large less often than this: small samples differ by nature."""
MINIMUM_ROWS = 50
MOST_ROWS = 100_000
"""Rows of each side that are looked at, chosen at random: more change the figures in the third digit only."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One column beside its reference; nulls are left out, ``missing_values`` counts them."""

    column: str
    kind: Kind
    rows: int
    reference_rows: int
    stability_index: float | None = None
    stability_p_value: float | None = None
    jensen_shannon: float | None = None
    test: str | None = None
    """``kolmogorov_smirnov`` or ``chi_square``."""
    statistic: float | None = None
    """The largest distance of the distribution functions, or Cramér's V: both from 0 to 1."""
    p_value: float | None = None
    problem: str | None = None
    """Why nothing was measured."""
    counts: Counts | None = None

    def has_drifted(self, threshold: float = SHIFTED, sure: float = SURE) -> bool:
        """Whether the index is large, and not by chance."""
        index, by_chance = self.stability_index, self.stability_p_value
        return index is not None and by_chance is not None and index > threshold and by_chance < sure


def drifts(
    frame: pl.DataFrame,
    reference: pl.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    minimum_rows: int = MINIMUM_ROWS,
    most_rows: int = MOST_ROWS,
    seed: int = 0,
) -> list[Drift]:
    """Each column that both have, the most moved first; columns of which nothing was measured come last."""
    names = [name for name in present(frame, columns) if name in reference.columns]
    left, right = (sampled(each.select(names), most_rows, seed) for each in (frame, reference))
    found = [_drift(left[name], right[name], minimum_rows) for name in names]
    return sorted(found, key=lambda each: -1.0 if each.stability_index is None else each.stability_index, reverse=True)


def _drift(column: pl.Series, reference: pl.Series, minimum_rows: int) -> Drift:
    kind, before = kind_of(column.dtype), kind_of(reference.dtype)
    name = column.name
    if kind is not before:
        return Drift(name, kind, len(column), len(reference), problem=f"it was of kind {before}, and is of kind {kind}")
    if kind is Kind.NUMBER:
        values, old = two_of(column, reference)
        if too_few := _too_few(len(values), len(old), minimum_rows):
            return Drift(name, kind, len(values), len(old), problem=too_few)
        tested = kolmogorov_smirnov(values, old)
        return _measured(
            name, kind, number_counts(values, old), ("kolmogorov_smirnov", tested.statistic, tested.p_value)
        )
    if kind is Kind.CATEGORY:
        rows, old_rows = (len(each) - each.null_count() for each in (column, reference))
        if too_few := _too_few(rows, old_rows, minimum_rows):
            return Drift(name, kind, rows, old_rows, problem=too_few)
        counts = category_counts(column, reference)
        found = chi_square(counts.counts, counts.reference)
        return _measured(name, kind, counts, ("chi_square", found.cramers_v, found.p_value))
    return Drift(name, kind, len(column), len(reference), problem=f"columns of kind {kind} are not compared")


def _measured(name: str, kind: Kind, counts: Counts, tested: tuple[str, float, float]) -> Drift:
    index = population_stability_index(counts.counts, counts.reference)
    return Drift(
        name, kind, _sum(counts.counts), _sum(counts.reference), index,
        stability_p_value(index, counts.counts, counts.reference),
        jensen_shannon_distance(counts.counts, counts.reference), *tested, counts=counts,
    )  # fmt: skip


def _too_few(rows: int, reference_rows: int, minimum_rows: int) -> str | None:
    fewest = min(rows, reference_rows)
    return f"{fewest} rows are too few; at least {minimum_rows} are needed" if fewest < minimum_rows else None


def _sum(counts: np.ndarray) -> int:
    return int(counts.sum())
