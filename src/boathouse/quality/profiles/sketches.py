"""How many different values there are, from bits that add up.

Probabilistic counting (Flajolet and Martin, Journal of Computer and System Sciences 31, 1985): a value's hash chooses
one of 256 rows and, by its trailing zeros, a level of that row, where a bit is set. Bits of two summaries are joined by
OR, so a value that both have seen counts once. The number is the most likely one for the bits that are set: each value
sets a bit of level k with probability 2^-(k+1) / 256. Its standard error is about 4 %; few values are counted nearly
exactly.
"""

from collections.abc import Sequence

import numpy as np

ROWS, LEVELS = 256, 24
BITS = ROWS * LEVELS
_AT_ONCE = 1000
_HALVINGS = 40


def sketch_sql(value: str) -> str:
    """The aggregate of DuckDB that sets the bits of a value's hash."""
    mixed = f"hash({value})"
    high = f"(({mixed} >> 8) | {1 << (LEVELS - 1)}::UBIGINT)"
    level = f"bit_count(xor({high}, {high} - 1)) - 1"
    return f"CAST(bitstring_agg(((({mixed} & 255) * {LEVELS}) + {level})::INTEGER, 0, {BITS - 1}) AS BLOB)"


FINGERPRINT_SQL = "(hash('boathouse') & 255)::INTEGER"
"""Tells one hash function of the engine from another: bits of different ones must not be joined."""


def packed(bits: bytes | None, fingerprint: int) -> bytes | None:
    """A sketch as it is stored: the fingerprint, then the bits."""
    return None if bits is None else bytes([fingerprint]) + bits


def joined(sketches: Sequence[bytes]) -> bytes | None:
    """The sketch of all values that any of them has seen; None where they cannot be joined."""
    first = sketches[0]
    if any(each[:1] != first[:1] or len(each) != len(first) for each in sketches):
        return None
    stacked = np.frombuffer(b"".join(each[1:] for each in sketches), np.uint8).reshape(len(sketches), -1)
    return first[:1] + np.bitwise_or.reduce(stacked, axis=0).tobytes()


def estimates(sketches: Sequence[bytes]) -> list[int]:
    """How many different values have most likely set the bits of each."""
    found: list[int] = []
    for start in range(0, len(sketches), _AT_ONCE):
        part = sketches[start : start + _AT_ONCE]
        packed_bits = np.frombuffer(b"".join(each[1:] for each in part), np.uint8).reshape(len(part), -1)
        ones = np.unpackbits(packed_bits, axis=1).reshape(len(part), ROWS, LEVELS).sum(axis=1).astype(np.float64)
        found += [round(count) for count in _most_likely(ones).tolist()]
    return found


def _most_likely(ones: np.ndarray) -> np.ndarray:
    """Where the likelihood of the bits has its top, by halving: its slope only falls."""
    chances = 2.0 ** -(np.arange(LEVELS) + 1) / ROWS
    chances[-1] *= 2  # the last level also takes what would lie above it
    zeros = ROWS - ones
    low, high = np.full(len(ones), np.log(1e-3)), np.full(len(ones), np.log(1e11))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        seen = -np.expm1(-np.exp(middle)[:, None] * chances)
        is_below = (ones * (1 - seen) / seen * chances - zeros * chances).sum(axis=1) > 0
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return np.where(ones.any(axis=1), np.exp((low + high) / 2), 0.0)
