"""What a point-in-time join gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from boathouse.foundation.names import TableName

Integers = npt.NDArray[np.signedinteger[Any]]
Mask = npt.NDArray[np.bool_]

AsOf = Literal["known", "latest"]
"""``known``: what was known at each row's instant. ``latest``: the corrected values, whenever they became known."""


@dataclass(frozen=True, slots=True)
class Span:
    """The instants from a first to a last one, both among them."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class LookupReport:
    """What one lookup found."""

    table: TableName
    version: int
    rows: int
    """Rows of the spine."""
    matched: int
    """Rows that found a row of the table."""
    expired: int = 0
    """Rows whose only values are older than the look-back, as far as they were read: files without anything young
    enough are not opened."""
    duplicates: int = 0
    """Rows whose value was chosen among several of the same key and the same times: the last of the table."""
    differing: Mapping[str, int] = field(default_factory=dict[str, int])
    """By output, the rows whose corrected value differs from the one that was known; only for ``latest``."""
    files_read: int = 0
    files_total: int = 0


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The spine with what was looked up."""

    table: pa.Table
    """The columns of the spine in their order, then the outputs."""
    report: list[LookupReport]
    """One per lookup."""
