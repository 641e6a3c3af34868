"""Are the evaluation rows fit to judge on, and like those that the last accepted version was judged on?

A first version has none to be compared with: its evaluation rows stand beside its training rows instead.
"""

from collections.abc import Iterator

from pydantic import Field

from boathouse.models.evaluation.case import Case, EvaluationRows
from boathouse.models.evidence.nouns import Measurement, Rule
from boathouse.models.gates import data_checks
from boathouse.models.gates.contract import Gate, by_settings
from boathouse.models.gates.unmeasured import unmeasured
from boathouse.models.requirements.requirements import Requirements

NAME = "evaluation_data"
DUPLICATES, UNLABELLED, UNUSABLE = "duplicate_keys", "unlabelled_share", "unusable_labels"
_COMPARED = (data_checks.SCHEMA, data_checks.NULLS, data_checks.DRIFTED, data_checks.OUTLIERS)


class Settings(data_checks.DataSettings):
    maximum_duplicate_keys: float = Field(default=0.0, ge=0, le=1)
    """Share of the rows whose key another row has too; asked where ``evaluation.keys`` are named."""
    maximum_unlabelled_share: float | None = Field(default=None, ge=0, le=1)
    """Rows without a label are not judged on; from how many of them on that is a fault."""


def measure(case: Case, settings: Settings) -> Iterator[Measurement]:
    assert case.rows is not None
    yield from _labels(case.rows)
    if keys := case.requirements.evaluation.keys:
        yield _duplicates(case.rows, keys)
    frame = case.rows.frame
    columns = data_checks.inputs_of(case, frame)
    if "accepted" in case.missing:
        yield from unmeasured(NAME, _COMPARED, case.missing["accepted"], rows=case.rows.rows)
    elif case.accepted is not None:
        # Features that a version looks up are no columns of the rows that were kept of the last one.
        expected = [name for name in columns if name in case.accepted.columns or name not in frame.columns]
        found = data_checks.Compared(
            NAME, frame, case.accepted, "the evaluation rows of the last accepted version", columns, expected
        )
        yield from data_checks.compared(found, settings, case.seed)
    elif case.training is not None:
        shared = [name for name in columns if name in case.training.columns or name not in frame.columns]
        found = data_checks.Compared(NAME, frame, case.training, "the training rows", columns, shared)
        yield from data_checks.compared(found, settings, case.seed)
    else:
        why = case.missing.get("training", "the training rows are not known")
        yield from unmeasured(NAME, _COMPARED, f"no version was accepted before, and {why}", rows=case.rows.rows)


def rules(requirements: Requirements, settings: Settings) -> list[Rule]:
    found = data_checks.rules_of(NAME, settings)
    found.append(Rule(NAME, UNUSABLE, maximum=0, minimum_rows=requirements.evaluation.minimum_rows))
    if requirements.evaluation.keys:
        found.append(Rule(NAME, DUPLICATES, maximum=settings.maximum_duplicate_keys))
    if settings.maximum_unlabelled_share is not None:
        found.append(Rule(NAME, UNLABELLED, maximum=settings.maximum_unlabelled_share))
    return found


def _labels(rows: EvaluationRows) -> Iterator[Measurement]:
    import numpy as np

    unusable = int((~np.isfinite(rows.label)).sum())
    yield Measurement(NAME, UNUSABLE, float(unusable), rows.rows)
    everything = rows.rows + rows.unlabelled
    share = rows.unlabelled / everything if everything else None
    yield Measurement(
        NAME, UNLABELLED, share, everything, problem=None if everything else "there are no rows",
        details={"unlabelled": rows.unlabelled},
    )  # fmt: skip


def _duplicates(rows: EvaluationRows, keys: list[str]) -> Measurement:
    known = {name.casefold(): name for name in rows.frame.columns}
    names = [known[key.casefold()] for key in keys if key.casefold() in known]
    if len(names) < len(keys):
        return unmeasured(NAME, DUPLICATES, "not all keys are columns of the evaluation rows", rows=rows.rows)[0]
    if not rows.rows:
        return unmeasured(NAME, DUPLICATES, "there are no rows")[0]
    doubled = rows.rows - rows.frame.select(names).n_unique()
    return Measurement(NAME, DUPLICATES, doubled / rows.rows, rows.rows, details={"keys": names, "rows": doubled})


GATE = Gate(NAME, "Are the evaluation rows fit to judge on, and like those before?", Settings, measure, rules,
            needs=("rows",),
            shaped_by=by_settings("ignore_columns", "stability_index", "minimum_rows"))  # fmt: skip
