# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Sorting whole numbers, and which of equal neighbours comes first."""

import numpy as np

from boathouse.features.point_in_time.nouns import Integers, Mask

_SIGN_BIT = 63


def in_order(numbers: Integers) -> tuple[Integers, Integers]:
    """Numbers in ascending order, and where each of them stood; equal ones in the order in which they stood.

    Numbers that carry their position are sorted in a quarter of the time of an argsort, if there is room for both.
    """
    if len(numbers) == 0:
        return numbers, np.zeros(0, np.int64)
    bits, least = len(numbers).bit_length(), int(numbers.min())
    if (int(numbers.max()) - least).bit_length() + bits > _SIGN_BIT:
        order = np.argsort(numbers, kind="stable")
        return numbers.take(order), order
    packed = np.sort(((numbers - least) << bits) | np.arange(len(numbers)))
    return (packed >> bits) + least, packed & ((1 << bits) - 1)


def first_of_equal(ordered: Integers) -> Mask:
    """Of sorted numbers, which differ from the one before."""
    is_first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return is_first
