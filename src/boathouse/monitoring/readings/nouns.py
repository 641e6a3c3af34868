"""What is asked of the metric tables, and what they say."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from boathouse.monitoring.monitors.settings import TABLE

MOST_WINDOWS = 2_000
"""Windows of one series that are read at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of the metric tables are meant: one column, slice, model and length of window."""

    table: str
    """The monitored table."""
    column: str = TABLE
    granularity: str | None = None
    """None: of a snapshot."""
    slice_key: str | None = None
    slice_value: str | None = None
    model: str | None = None
    """None: all together."""
    windows: int = 400
    """So many of the newest."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a monitor has measured: what one can ask for."""

    columns: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """Their types, by name; ``:table`` is the table as a whole."""
    granularities: tuple[str | None, ...] = ()
    slices: tuple[tuple[str, str | None], ...] = ()
    models: tuple[str, ...] = ()
    newest: Mapping[str | None, int] = field(default_factory=dict[str | None, int])
    """The end of the newest window, by granularity; milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured in one window. Instants are milliseconds since 1970-01-01 UTC."""

    start: int
    end: int
    figures: Mapping[str, float]
    """By the names of the metric tables' columns; parts of a struct or a map behind a dot, ``roc_auc_score.macro``."""
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    """Where a figure lies at 95 %, by its name."""
    version: int | None = None
    """Of the monitored table, as the refresh has read it."""
    refresh_id: int | None = None


@dataclass(frozen=True, slots=True)
class DriftRow:
    """How far one column is from its baseline, or from the window before."""

    column: str
    data_type: str | None
    kind: str
    """``BASELINE`` or ``CONSECUTIVE``."""
    start: int
    end: int
    compared: tuple[int, int] | None
    """The window that it was compared with."""
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Farthest:
    """The column that was farthest in one window."""

    start: int
    end: int
    column: str
    distance: float
    """Jensen and Shannon's, from 0 to 1."""
    kind: str
    """``BASELINE``, or ``CONSECUTIVE`` where there is no baseline."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the values of a column are distributed in one window, or in the baseline."""

    rows: int
    nulls: int
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    """One more than there are edges."""
    low: float | None = None
    high: float | None = None
    items: Mapping[str, int] = field(default_factory=dict[str, int])
    """The most frequent values, where they were counted."""
    others: int = 0
    start: int | None = None
    end: int | None = None

    @property
    def is_counted(self) -> bool:
        """Whether the items say it all, so that bars of values are clearer than a histogram."""
        return bool(self.items) and (not self.counts or (not self.others and len(self.items) <= 30))


@dataclass(frozen=True, slots=True)
class Shapes:
    """A window beside what it can be compared with."""

    window: Shape | None = None
    before: Shape | None = None
    """The window before it that has rows."""
    baseline: Shape | None = None
