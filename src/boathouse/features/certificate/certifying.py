# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Making a certificate: all proofs for all lookups of a training set."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from boathouse.features.certificate.boundary import boundary
from boathouse.features.certificate.computed import computed_again
from boathouse.features.certificate.declared import declared_clocks
from boathouse.features.certificate.history import History
from boathouse.features.certificate.nouns import Certificate, Check, LookupFacts, verdict_of
from boathouse.features.certificate.recomputed import recomputed
from boathouse.features.certificate.removed import without_later_rows, without_rows_after_the_end
from boathouse.features.certificate.sampled import chosen_rows, label_of, sampled
from boathouse.features.frames import read_frame
from boathouse.features.specs.augmenting import look_up_all
from boathouse.features.specs.spec_files import spec_text
from boathouse.features.tables.feature_tables import feature_table
from boathouse.foundation.errors import InvalidInput
from boathouse.session import Session

if TYPE_CHECKING:
    from boathouse.features.training.training_sets import TrainingSet

Columns = Mapping[str, pa.ChunkedArray]


def certify(
    session: Session,
    training_set: "TrainingSet",
    *,
    sample: int = 200,
    seed: int = 0,
    history: bool = True,
    grace: timedelta = timedelta(seconds=10),
    frame: Any = None,
) -> Certificate:
    """Prove a training set.

    Args:
        sample: How many rows are recomputed one by one; some more where few of them have a match.
        seed: Chooses them.
        history: Whether older versions of the tables are held against what is declared as known.
        grace: How long after its known time a value may take to stand in the table.
        frame: The rows that a model was trained on, if they are not those that ``load_df`` gives now: the same rows in
            the same order.

    Raises:
        InvalidInput: ``frame`` has other rows or columns.
    """
    if sample < 1:
        raise InvalidInput(f"A sample of {sample} rows proves nothing.", hint="Give at least 1.")
    spine, spec = training_set.spine, training_set.spec
    loaded = training_set.load_arrow() if frame is None else _given(frame, training_set)
    rows = chosen_rows(loaded, spec.lookups, sample, seed)
    past = History(grace, seed) if history else None
    lookups = tuple(_lookup_checks(session, training_set, _features(training_set, loaded), pa.array(rows), past))
    held = {
        step.name: loaded[step.name].take(pa.array(rows))
        for step in spec.computations
        if step.name in loaded.schema.names
    }
    checks = (*lookups, *computed_again(session, training_set, spine.take(pa.array(rows)), held))
    return Certificate(
        verdict_of(checks), checks, tuple(_facts(training_set)), spine.num_rows, training_set.as_of,
        dict(training_set.table_versions), sha256(spec_text(spec).encode()).hexdigest(), len(rows), seed,
        version("boathouse"), datetime.now(UTC).isoformat(timespec="seconds"),
        tuple(step.name for step in spec.computations if step.name not in held),
    )  # fmt: skip


def _lookup_checks(
    session: Session, training_set: "TrainingSet", got: Columns, rows: pa.Array, past: History | None
) -> Iterator[Check]:
    spine = training_set.spine
    few = spine.take(rows)
    for lookup in training_set.spec.lookups:
        features = training_set.opened.tables[lookup.table]
        mine = {output.name: got[output.name] for output in lookup.outputs}
        taken = sampled(features, lookup, few, {name: column.take(rows) for name, column in mine.items()})
        yield recomputed(taken)
        yield without_later_rows(taken)
        yield without_rows_after_the_end(features, lookup, spine, pa.table(dict(mine)))
        yield boundary(taken)
        if past is not None:
            yield past.check(taken)
        yield declared_clocks(lookup, feature_table(session, str(lookup.table)))


def _features(training_set: "TrainingSet", loaded: pa.Table) -> Columns:
    """The looked-up features of all rows; those that the set leaves out are joined once more."""
    spec = training_set.spec
    wanted = [output.name for lookup in spec.lookups for output in lookup.outputs]
    given = {name: loaded[name] for name in wanted if name in loaded.schema.names}
    if len(given) == len(wanted):
        return given
    joined = look_up_all(
        training_set.spine, spec, training_set.opened.tables, as_of=training_set.as_of, given=given
    ).features
    return given | dict(joined)


def _facts(training_set: "TrainingSet") -> Iterator[LookupFacts]:
    """What each lookup found in all rows, and what would differ if known time were ignored."""
    spec, tables = training_set.spec, training_set.opened.tables
    is_known = training_set.as_of == "known"
    known = training_set.report if is_known else look_up_all(training_set.spine, spec, tables).reports
    for lookup, now, corrected in zip(spec.lookups, known, training_set.latest_report, strict=True):
        yield LookupFacts(
            label_of(lookup), now.rows, now.matched, now.expired, now.duplicates, dict(corrected.differing)
        )


def _given(frame: Any, training_set: "TrainingSet") -> pa.Table:
    table = read_frame(frame).table
    if table.num_rows != training_set.spine.num_rows:
        raise InvalidInput(
            f"The frame has {table.num_rows} rows, the training set {training_set.spine.num_rows}.",
            hint="Give the very rows that the training set was made from, in their order.",
        )
    missing = [name for name in training_set.columns if name not in table.schema.names]
    if missing:
        raise InvalidInput(
            f"The frame lacks columns of the training set: {', '.join(missing[:20])}.",
            hint="Give the frame as load_df gave it, all columns among them.",
        )
    schema = training_set.head(0).schema
    try:
        return pa.table({name: table[name].cast(schema.field(name).type) for name in schema.names})
    except pa.ArrowException as error:
        raise InvalidInput(
            f"The frame does not have the types of the training set: {error}.",
            hint="Give the frame as load_df gave it, before anything was cast or encoded.",
        ) from error
