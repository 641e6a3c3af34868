# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The third proof: the clock is set to the very moment a value became known, and one tick back."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from boathouse.features.certificate.instants import Instants, column_of, instants_of
from boathouse.features.certificate.nouns import Check, CheckVerdict
from boathouse.features.certificate.sampled import SHOWN, Sampled, shown_instant
from boathouse.features.feature_spec import Lookup, Output
from boathouse.features.point_in_time import look_up

NAME = "the boundary"
_EVENT, _KNOWN = "_boathouse_event", "_boathouse_known"


def boundary(sample: Sampled) -> Check:
    """At its known instant each row must get the same feature row, one microsecond earlier another one or none."""
    rows, lookup = sample.rows, sample.lookup
    effective = rows.effective
    if effective is None or rows.event is None or rows.known is None or sample.at is None:
        return Check(NAME, sample.label, CheckVerdict.NOT_APPLICABLE, 0, 0, "the lookup does not look at time.")
    found = sample.winners
    matched = np.array([row for row, each in enumerate(found) if len(each)], np.int64)
    if not len(matched):
        return Check(NAME, sample.label, CheckVerdict.INCONCLUSIVE, 0, 0, "no row has a match.")
    winner = np.array([found[row][-1] for row in matched])
    moment = effective.at(winner)
    examples: list[dict[str, str]] = []
    violations = 0
    for shift, must in ((0, True), (-1, False)):
        at = replace(moment, values=moment.values + shift)
        same = _same_row(sample, lookup, matched, at, rows.event.at(winner), rows.known.at(winner))
        for place in np.flatnonzero(same != must).tolist():
            violations += 1
            if len(examples) < SHOWN:
                said = "does not get the value yet" if must else "gets the value before it is known"
                examples.append(
                    sample.described(int(matched[place]), set_to=shown_instant(at.values[place]), result=said)
                )
    verdict = CheckVerdict.FAILED if violations else CheckVerdict.PASSED
    said = (
        f"{violations} of {2 * len(matched)} shifted clocks gave the wrong row."
        if violations
        else (
            f"{len(matched)} rows set to the instant their value became known get it, and a microsecond earlier do not."
        )
    )
    return Check(NAME, sample.label, verdict, 2 * len(matched), violations, said, tuple(examples))


def _same_row(
    sample: Sampled, lookup: Lookup, rows: np.ndarray, at: Instants, event: Instants, known: Instants
) -> np.ndarray:
    """Whether the rows, looked up at other instants, get the feature rows with these clocks."""
    assert lookup.at is not None
    clocks = {_EVENT: lookup.event, _KNOWN: lookup.known.column}
    wanted = {name: column for name, column in clocks.items() if column is not None}
    schema = sample.features.schema
    zoned = any(getattr(schema.field(column).type, "tz", None) for column in wanted.values())
    spine = sample.spine.take(pa.array(rows))
    shifted = column_of(at, spine.schema.field(lookup.at).type, zoned=zoned)
    columns = {name: spine[name] for name, _ in lookup.keys} | {lookup.at: shifted}
    outputs = tuple(Output(column, name, "") for name, column in wanted.items())
    found = look_up(pa.table(columns), [(replace(lookup, outputs=outputs), sample.features)]).table
    same = np.ones(len(rows), bool)
    for name, right in ((_EVENT, event), (_KNOWN, known)):
        if name in wanted:
            got = instants_of(found[name])
            same &= got.present & (got.values == right.values)
    return same
