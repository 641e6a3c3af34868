"""Features whose value differs when known time is ignored: what back-fills and corrections would have leaked.

In a training set of known values the number is a measure of what the two clocks keep out; in one of corrected values
(``as_of="latest"``) it is a leak.
"""

from collections.abc import Mapping
from typing import Literal

from boathouse.features.leaks.nouns import LeakSignal, LeakVerdict, judged

NAME = "a feature that differs when known time is ignored"
THRESHOLD = 0.001
"""Share of the rows."""


def known_time_signals(differing: Mapping[str, int], rows: int, as_of: Literal["known", "latest"]) -> list[LeakSignal]:
    """One signal per looked-up feature.

    Args:
        differing: How many rows get another value, by feature.
    """
    return [_signal(column, count, rows, as_of) for column, count in differing.items()]


def _signal(column: str, count: int, rows: int, as_of: Literal["known", "latest"]) -> LeakSignal:
    share = count / rows if rows else 0.0
    if as_of == "latest":
        return judged(
            NAME, column, share, THRESHOLD,
            f"{count} of {rows} values were corrected or added after the instant of their row.",
            'Create the training set as_of="known": in use the model will not have the corrections.',
        )  # fmt: skip
    said = f"{count} of {rows} values would be others if known time were ignored; this training set has the known ones."
    return LeakSignal(NAME, column, share, THRESHOLD, LeakVerdict.CLEAR, said)
