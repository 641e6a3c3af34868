"""Leak signals: signs that a training set knows more than the model will know in use. Pure functions over a frame.

``frame_signals`` looks at a frame; ``features.training.leak_signals`` at a training set, which also knows its keys,
clocks and features.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from boathouse.features.leaks import near_duplicates, shared_entities
from boathouse.features.leaks.identifiers import identifier_signals, looks_like_an_identifier
from boathouse.features.leaks.label import read_label
from boathouse.features.leaks.near_duplicates import duplicate_signals
from boathouse.features.leaks.nouns import LeakReport, LeakSignal, LeakVerdict, not_measured, sorted_report
from boathouse.features.leaks.shared_entities import shared_entity_signals
from boathouse.features.leaks.single_feature import single_feature_signals
from boathouse.features.leaks.splits import Split, split_by_column, split_by_time
from boathouse.foundation.errors import InvalidInput

__all__ = ["LeakReport", "LeakSignal", "LeakVerdict", "Roles", "chosen_split", "frame_signals", "sorted_report"]

_OF_A_SPLIT = (shared_entities.NAME, near_duplicates.EXACT, near_duplicates.NEAR)


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns of a frame are."""

    label: str
    features: tuple[str, ...]
    entities: tuple[tuple[str, ...], ...] = ()
    """Keys; several columns may make one."""
    identifiers: tuple[str, ...] = ()
    """Columns that name a row or an entity. Strings with a value of their own in nearly each row are added."""


def frame_signals(frame: pl.DataFrame, roles: Roles, split: Split | None = None, *, seed: int = 0) -> list[LeakSignal]:
    """All signals that a frame alone can give."""
    label = read_label(frame, roles.label)
    found = single_feature_signals(frame, label, roles.features, seed=seed)
    named = [name for name in roles.features if name not in roles.identifiers and looks_like_an_identifier(frame[name])]
    found += identifier_signals(frame, label, [*roles.identifiers, *named], seed=seed)
    if split is None:
        why = "There is no split to look across; give split or split_at."
        found += [not_measured(name, "all features", near_duplicates.THRESHOLD, why) for name in _OF_A_SPLIT]
    else:
        found += shared_entity_signals(frame, split, roles.entities, label)
        found += duplicate_signals(frame, split, roles.features, seed=seed)
    return found


def chosen_split(frame: pl.DataFrame, column: str | None, at: datetime | None, time: str | None) -> Split | None:
    """The split that is asked for: by a column, or at an instant of a time column.

    Raises:
        InvalidInput: Both are given, or a column is missing.
    """
    if column is not None and at is not None:
        raise InvalidInput("A split is by a column or at an instant, not both.", hint="Give split or split_at.")
    if column is not None:
        return split_by_column(frame, column)
    if at is None:
        return None
    if time is None:
        raise InvalidInput("A split at an instant needs the column to compare with.", hint="Give time_column.")
    return split_by_time(frame, time, at)
