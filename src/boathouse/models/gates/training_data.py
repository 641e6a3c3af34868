"""Are the training rows whole, and like those that the last accepted version was trained on?

A first version has none to be compared with: its training rows stand beside the rows that it is judged on instead.
"""

from collections.abc import Iterator

from pydantic import Field

from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import Measurement, Rule
from boathouse.models.gates import data_checks
from boathouse.models.gates.contract import Gate, by_settings
from boathouse.models.gates.unmeasured import unmeasured
from boathouse.models.requirements.requirements import Problem, Requirements

NAME = "training_data"
CLASSES, UNLABELLED, EMPTY = "label_values", "unlabelled_share", "empty_columns"
_COMPARED = (data_checks.SCHEMA, data_checks.NULLS, data_checks.DRIFTED, data_checks.OUTLIERS)


class Settings(data_checks.DataSettings):
    maximum_empty_columns: int = Field(default=0, ge=0)
    """Inputs without a single value."""
    maximum_unlabelled_share: float = Field(default=0.5, ge=0, le=1)


def measure(case: Case, settings: Settings) -> Iterator[Measurement]:
    assert case.training is not None
    training = case.training
    yield from _label(case)
    columns = data_checks.inputs_of(case, training)
    there = [name for name in columns if name in training.columns]
    if there and training.height:
        empty = [name for name in there if training[name].null_count() == training.height]
        yield Measurement(
            NAME,
            EMPTY,
            float(len(empty)),
            training.height,
            details={"columns": empty[:30], "which": ", ".join(empty[:5])},
        )
    else:
        why = "none of the model's inputs is a column of the training rows" if training.height else "there are no rows"
        yield from unmeasured(NAME, EMPTY, why)
    if "accepted_training" in case.missing:
        yield from unmeasured(NAME, _COMPARED, case.missing["accepted_training"], rows=training.height)
        return
    if case.accepted_training is not None:
        reference, baseline = case.accepted_training, "the training rows of the last accepted version"
    elif case.rows is not None:
        reference, baseline = case.rows.frame, "the evaluation rows"
    else:
        why = f"no version was accepted before, and {case.missing.get('rows', 'there are no evaluation rows')}"
        yield from unmeasured(NAME, _COMPARED, why, rows=training.height)
        return
    shared = [name for name in columns if name in reference.columns and name in training.columns]
    gone = [name for name in columns if name in reference.columns and case.accepted_training is not None]
    found = data_checks.Compared(NAME, training, reference, baseline, columns, gone or shared)
    yield from data_checks.compared(found, settings, case.seed)


def rules(requirements: Requirements, settings: Settings) -> list[Rule]:
    classes = 2 if requirements.problem is not Problem.REGRESSION else 3
    return [
        Rule(NAME, CLASSES, minimum=classes, minimum_rows=settings.minimum_rows),
        Rule(NAME, UNLABELLED, maximum=settings.maximum_unlabelled_share),
        Rule(NAME, EMPTY, maximum=settings.maximum_empty_columns, minimum_rows=settings.minimum_rows),
        *data_checks.rules_of(NAME, settings),
    ]


def _label(case: Case) -> Iterator[Measurement]:
    """How many different outcomes there are to learn from."""
    assert case.training is not None
    known = {name.casefold(): name for name in case.training.columns}
    name = known.get(case.requirements.evaluation.label.casefold())
    rows = case.training.height
    if name is None:
        why = f"the training rows have no column {case.requirements.evaluation.label}"
        yield from unmeasured(NAME, (CLASSES, UNLABELLED), why, rows=rows)
    elif not rows:
        yield from unmeasured(NAME, (CLASSES, UNLABELLED), "there are no rows")
    else:
        label = case.training[name]
        values = label.drop_nulls()
        shown: dict[str, int] = {}
        if case.requirements.problem is not Problem.REGRESSION:
            counted = values.value_counts(sort=True, name="_rows").head(10)
            shown = {str(value): int(count) for value, count in counted.iter_rows()}
        yield Measurement(NAME, CLASSES, float(values.n_unique()), len(values), details={"most_frequent": shown})
        yield Measurement(NAME, UNLABELLED, label.null_count() / rows, rows)


GATE = Gate(NAME, "Are the training rows whole, and like those before?", Settings, measure, rules,
            needs=("training",),
            shaped_by=by_settings("ignore_columns", "stability_index", "minimum_rows"))  # fmt: skip
