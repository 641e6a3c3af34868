"""Can it be said why the model answers as it does? Explains a sample of the evaluation rows, and draws the summary."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import Measurement, Rule
from boathouse.models.gates.contract import Gate, GateSettings, by_settings
from boathouse.models.gates.unmeasured import unmeasured
from boathouse.models.requirements.requirements import Requirements

if TYPE_CHECKING:
    import polars as pl

    from boathouse.models.gates.explaining.explained import Explained

NAME = "explainability"
ROWS, ERROR, LARGEST = "explained_rows", "additivity_error", "largest_share"
SUMMARY_FILE, PICTURE_FILE = "shap_summary.json", "shap_summary.png"
_SHOWN = 20


class Settings(GateSettings):
    rows: int = Field(default=1_000, ge=10)
    """Evaluation rows, chosen at random, that are explained."""
    rows_from_outside: int = Field(default=100, ge=10)
    """The same for a model that does not explain itself: each row takes hundreds of questions."""
    background_rows: int = Field(default=50, ge=5)
    """What those are compared with."""
    minimum_rows: int = Field(default=50, ge=1)
    maximum_error: float = Field(default=0.01, gt=0)
    """The largest gap between an answer and the sum of what explains it, as a share of how much answers vary."""
    maximum_share: float | None = Field(default=None, gt=0, le=1)
    """How much of everything one input may explain; more is often a leak."""


def measure(case: Case, settings: Settings) -> Iterator[Measurement]:
    from boathouse.models.gates.explaining.explained import NotExplained, summary
    from boathouse.models.gates.explaining.picture import draw

    try:
        found = _explained(case, settings)
    except NotExplained as error:
        yield from unmeasured(NAME, (ROWS, ERROR, LARGEST), str(error))
        return
    told = summary(found)
    if case.scratch is not None:
        (case.scratch / SUMMARY_FILE).write_text(json.dumps(told, indent=2, ensure_ascii=False), encoding="utf-8")
        draw(found, case.scratch / PICTURE_FILE, f"{case.model}, version {case.version}: {found.rows} rows explained")
    shown = {**told, "features": told["features"][:_SHOWN]}
    share = told["features"][0]["share"] if told["features"] else None
    yield Measurement(NAME, ROWS, float(found.rows), found.rows, details=shown)
    yield Measurement(NAME, ERROR, found.error, found.rows, details={"method": found.method})
    yield Measurement(
        NAME, LARGEST, share, found.rows, problem=None if share is not None else "there are no inputs",
        details={"feature": told["features"][0]["feature"]} if told["features"] else {},
    )  # fmt: skip


def rules(requirements: Requirements, settings: Settings) -> list[Rule]:
    found = [
        Rule(NAME, ROWS, minimum=settings.minimum_rows),
        Rule(NAME, ERROR, maximum=settings.maximum_error, minimum_rows=settings.minimum_rows),
    ]
    if settings.maximum_share is not None:
        found.append(Rule(NAME, LARGEST, maximum=settings.maximum_share, minimum_rows=settings.minimum_rows))
    return found


def _explained(case: Case, settings: Settings) -> "Explained":
    from boathouse.models.gates.explaining.explained import NotExplained
    from boathouse.models.gates.explaining.explaining import explain_itself
    from boathouse.models.gates.explaining.permutation import explain_by_permutation

    assert case.rows is not None and case.folder is not None and case.scorer is not None
    frame = case.rows.frame
    inputs = [name for name in case.scorer.inputs if name in frame.columns]
    if not inputs or not frame.height:
        raise NotExplained("none of the model's inputs is a column of the evaluation rows")
    found = explain_itself(case.folder, _sample(frame, settings.rows, case.seed), inputs)
    if found is not None:
        return found
    few = _sample(frame, settings.rows_from_outside + settings.background_rows, case.seed).select(inputs)
    asked, background = few[settings.background_rows :], few[: settings.background_rows]
    if not asked.height:
        raise NotExplained(f"{frame.height} rows are too few to explain some beside others")
    return explain_by_permutation(case.scorer, asked, background, seed=case.seed)


def _sample(frame: "pl.DataFrame", rows: int, seed: int) -> "pl.DataFrame":
    return frame.sample(min(rows, frame.height), seed=seed, shuffle=True)


GATE = Gate(
    NAME,
    "Can it be said why it answers as it does?",
    Settings,
    measure,
    rules,
    needs=("rows", "folder", "scorer", "candidate"),
    shaped_by=by_settings("rows", "rows_from_outside", "background_rows"),
)
