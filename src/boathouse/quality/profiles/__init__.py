"""Profiles: what a table's columns hold, per window of time, slice and model, as summaries that add up."""

from boathouse.quality.profiles.comparing import DriftFigures, Tested, compare
from boathouse.quality.profiles.merging import SummariesDiffer, merge, merged
from boathouse.quality.profiles.nouns import ALL_MODELS, KEYS, SUMMARIES, TABLE_COLUMN, ScanPlan, Summary
from boathouse.quality.profiles.reading import PERCENTILES, ProfileFigures, figures, quantiles
from boathouse.quality.profiles.scanning import scan, scan_snapshot
from boathouse.quality.profiles.slicing import BadSlice

__all__ = [
    "ALL_MODELS",
    "KEYS",
    "PERCENTILES",
    "SUMMARIES",
    "TABLE_COLUMN",
    "BadSlice",
    "DriftFigures",
    "ProfileFigures",
    "ScanPlan",
    "SummariesDiffer",
    "Summary",
    "Tested",
    "compare",
    "figures",
    "merge",
    "merged",
    "quantiles",
    "scan",
    "scan_snapshot",
]
