"""How far a measured figure may be off, at 95 %."""

from math import sqrt

Interval = tuple[float, float]
Z = 1.959963984540054


def share(successes: float, rows: float) -> Interval | None:
    """Of a share: Wilson, Journal of the American Statistical Association 22, 1927."""
    if rows <= 0:
        return None
    found, spread = successes / rows, Z * Z / rows
    middle = (found + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * sqrt(found * (1 - found) / rows + spread / (4 * rows))
    return max(0.0, middle - half), min(1.0, middle + half)


def area(value: float, positives: int, negatives: int) -> Interval | None:
    """Of an area under the ROC curve: Hanley and McNeil, Radiology 143(1), 1982."""
    if positives == 0 or negatives == 0:
        return None
    above, below = value / (2 - value), 2 * value * value / (1 + value)
    variance = value * (1 - value) + (positives - 1) * (above - value**2) + (negatives - 1) * (below - value**2)
    half = Z * sqrt(max(0.0, variance) / (positives * negatives))
    return max(0.0, value - half), min(1.0, value + half)


def mean(total: float, squares: float, rows: float) -> Interval | None:
    """Of a mean, by the normal distribution; ``squares`` is the sum of the squared values."""
    if rows < 2:
        return None
    found = total / rows
    variance = max(0.0, (squares - rows * found * found) / (rows - 1))
    half = Z * sqrt(variance / rows)
    return found - half, found + half
