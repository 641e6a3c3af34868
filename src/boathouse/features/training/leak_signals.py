# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The leak signals of a training set: those of its frame, and those of the clocks behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from boathouse.features.certificate.instants import Instants, instants_of
from boathouse.features.certificate.sampled import label_of
from boathouse.features.feature_spec import FeatureSpec, Lookup, Output
from boathouse.features.leaks import LeakReport, LeakSignal, Roles, chosen_split, frame_signals, sorted_report
from boathouse.features.leaks.freshness import fresher_signal, known_label_signal
from boathouse.features.leaks.known_time import known_time_signals
from boathouse.features.specs.augmenting import look_up_all
from boathouse.foundation.errors import InvalidInput, did_you_mean

if TYPE_CHECKING:
    from boathouse.features.training.training_sets import TrainingSet

_EVENT, _KNOWN = "_boathouse_event", "_boathouse_known"


def leak_signals(
    training_set: "TrainingSet",
    *,
    split: str | None = None,
    split_at: datetime | None = None,
    time_column: str | None = None,
    label_time: str | None = None,
    label_known: str | None = None,
    identifiers: Sequence[str] = (),
    seed: int = 0,
) -> LeakReport:
    """Signs that a training set knows more than the model will know in use.

    Args:
        split: The column that says which rows are learnt from (``train``) and which are tested on.
        split_at: In place of ``split``, the instant that parts them, in ``time_column``.
        time_column: The instant of the first lookup by default.
        label_time: The column with the instant that the label speaks of; that of the lookup by default.
        label_known: The column that says since when the label is known.
        identifiers: Columns that name rows or entities, beside the keys of the lookups.
        seed: Chooses the rows that are looked at.

    Raises:
        InvalidInput: There is no label, or a column that is named is missing.
    """
    spec, spine = training_set.spec, training_set.spine
    if not training_set.labels:
        raise InvalidInput("A training set without a label gives no leak signals.", hint="Name its label.")
    named = [name for name in (split, time_column, label_time, label_known, *identifiers) if name is not None]
    _require(spine, named)
    keys = tuple(dict.fromkeys(tuple(column for column, _ in lookup.keys) for lookup in spec.lookups))
    time_column = time_column or next((lookup.at for lookup in spec.lookups if lookup.at), None)
    frame = _frame(training_set, [*named, *(column for key in keys for column in key), *filter(None, [time_column])])
    parted = chosen_split(frame, split, split_at, time_column)
    of_use = {split, label_time, label_known, time_column, *identifiers}
    features = tuple(name for name in training_set.inputs if name not in of_use)
    naming = tuple(dict.fromkeys([*(column for key in keys for column in key), *identifiers]))
    naming = tuple(name for name in naming if _is_name(frame[name]) or name in identifiers)
    found: list[LeakSignal] = []
    for label in training_set.labels:
        found += frame_signals(frame, Roles(label, features, keys, naming), parted, seed=seed)
    found += _fresher(training_set, label_time)
    if label_known is not None:
        found += _known_labels(training_set, label_known)
    return sorted_report([*found, *_corrected(training_set)])


def _frame(training_set: "TrainingSet", needed: Sequence[str]) -> pl.DataFrame:
    """The rows of the set, and columns of the frame that it leaves out but that are needed here."""
    loaded = training_set.load_arrow()
    columns = {name: loaded[name] for name in loaded.schema.names}
    columns |= {name: training_set.spine[name] for name in needed if name not in columns}
    return pl.DataFrame({name: pl.Series(name, column) for name, column in columns.items()})


def _is_name(column: pl.Series) -> bool:
    return column.dtype.is_integer() or column.dtype == pl.String


def _fresher(training_set: "TrainingSet", label_time: str | None) -> Iterator[LeakSignal]:
    """One signal per lookup, from the clocks of the rows that it found."""
    lookups = [lookup for lookup in training_set.spec.lookups if lookup.event and (label_time or lookup.at)]
    for lookup in lookups:
        event, known = _clocks(training_set, lookup)
        column = label_time or lookup.at
        assert column is not None
        yield fresher_signal(
            label_of(lookup), _series(event), _series(known), _series(instants_of(training_set.spine[column]))
        )


def _clocks(training_set: "TrainingSet", lookup: Lookup) -> tuple[Instants, Instants]:
    """Event and known time of the values that the rows got."""
    assert lookup.event is not None
    wanted = {_EVENT: lookup.event} | ({_KNOWN: lookup.known.column} if lookup.known.column else {})
    asked = replace(lookup, outputs=tuple(Output(column, name, "") for name, column in wanted.items()))
    found = look_up_all(
        training_set.spine, FeatureSpec((asked,)), training_set.opened.tables, as_of=training_set.as_of
    ).features
    event = instants_of(found[_EVENT])
    if lookup.known.column:
        return event, instants_of(found[_KNOWN])
    return event, event.later(lookup.known.lag)


def _known_labels(training_set: "TrainingSet", label_known: str) -> Iterator[LeakSignal]:
    known = _series(instants_of(training_set.spine[label_known]))
    for at in dict.fromkeys(lookup.at for lookup in training_set.spec.lookups if lookup.at):
        yield known_label_signal(label_known, known, _series(instants_of(training_set.spine[at])))


def _corrected(training_set: "TrainingSet") -> Iterator[LeakSignal]:
    """One signal per feature that has a known time of its own."""
    has_own = [bool(lookup.event and (lookup.known.column or lookup.known.lag)) for lookup in training_set.spec.lookups]
    if not any(has_own):
        return
    for wanted, report in zip(has_own, training_set.latest_report, strict=True):
        if wanted:
            yield from known_time_signals(dict(report.differing), report.rows, training_set.as_of)


def _series(instants: Instants) -> pl.Series:
    return pl.Series(instants.values).set(pl.Series(~instants.present), None)


def _require(spine: pa.Table, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in spine.schema.names:
            raise InvalidInput(
                f"The frame of the training set has no column {column}.",
                hint=did_you_mean(column, spine.schema.names) or f"It has {', '.join(spine.schema.names[:20])}.",
            )
