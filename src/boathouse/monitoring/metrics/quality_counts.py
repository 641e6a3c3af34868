"""What is counted of answers and their labels, so that counts of two stretches add up to those of both.

Of a classification: how often each label got each prediction; with probabilities, how many of either class lie in each
of a thousand bins, and the sums behind log loss and Brier score. Of a regression: the sums of errors and labels.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

BINS = 1_000
"""Probabilities are told apart to a thousandth."""
SUMS = (
    "labelled", "error", "absolute", "square", "fourth", "label", "label_square", "relative", "relative_count",
    "log_loss", "brier", "scored",
)  # fmt: skip


@dataclass(slots=True)
class QualityCounts:
    """The counts of a window, of a slice, of a model."""

    cells: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """By prediction and label."""
    bins: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    """By bin of the probability: rows of the other classes, rows of the class itself."""
    sums: dict[str, float] = field(default_factory=dict[str, float])
    positive: str | None = None
    """The class that the probability is of."""

    def add(self, other: "QualityCounts") -> None:
        self.cells.update(other.cells)
        for place, (others, own) in other.bins.items():
            before = self.bins.get(place, (0, 0))
            self.bins[place] = (before[0] + others, before[1] + own)
        for name, value in other.sums.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.positive = self.positive or other.positive

    @property
    def labelled(self) -> int:
        """Answers whose label is known."""
        return round(self.sums.get("labelled", 0.0)) or sum(self.cells.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "cells": [[*names, count] for names, count in sorted(self.cells.items())],
            "bins": [[place, *counts] for place, counts in sorted(self.bins.items())],
            "sums": self.sums,
            "positive": self.positive,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            Counter({(each[0], each[1]): each[2] for each in data["cells"]}),
            {each[0]: (each[1], each[2]) for each in data["bins"]},
            dict(data["sums"]),
            data.get("positive"),
        )


def added(parts: Iterable[QualityCounts]) -> QualityCounts:
    """The counts of all of them together."""
    total = QualityCounts()
    for each in parts:
        total.add(each)
    return total
