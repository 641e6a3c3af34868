"""The case of a model version: everything a gate may look at. A gate opens nothing by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from boathouse.foundation.names import ModelName
from boathouse.models.evidence.nouns import Evidence, Slice
from boathouse.models.requirements.requirements import Requirements

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


class Scorer(Protocol):
    """Asks one loaded model version."""

    @property
    def inputs(self) -> Sequence[str]:
        """The columns that the model takes by its signature, looked-up features included."""
        ...

    def __call__(self, frame: "pl.DataFrame") -> "np.ndarray":
        """Answers, one per row: a probability of the positive class, a number, or a row of class probabilities."""
        ...


@dataclass(frozen=True, slots=True)
class EvaluationRows:
    """The rows that are judged on, at one version of their table."""

    table: str
    version: int | None
    frame: "pl.DataFrame"
    """With the model's inputs (features that it looks up are there as columns), label, keys, slice columns."""
    label: "np.ndarray"
    """float64 of shape (rows,): 0 or 1, a class number, or the outcome itself."""
    classes: tuple[str, ...] = ()
    slices: Mapping[Slice, "np.ndarray"] = field(default_factory=dict[Slice, Any])
    """The positions (int64) of the rows of each slice."""
    unlabelled: int = 0
    """Rows of the table that have no label yet; they are left out."""

    @property
    def rows(self) -> int:
        return len(self.label)


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What somebody says of the evaluation rows."""

    whose: str
    """``candidate``, ``version 2``, ``naive``."""
    values: "np.ndarray"
    are_probabilities: bool = True
    """False: the model names a class, so values are 0 or 1. Of no meaning for numbers."""


@dataclass(frozen=True, slots=True)
class DrawnBy:
    """A metric of somebody's answers, and how rows were drawn for it."""

    whose: Answers
    metric: str
    replicates: int
    threshold: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a metric came to."""

    value: float
    samples: "np.ndarray"
    """In each draw of the rows."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What MLflow knows of the run behind the version."""

    run_id: str | None
    parameters: Mapping[str, str]
    metrics: Mapping[str, Sequence[tuple[int, float]]]
    """Each metric's history as (step, value)."""
    tags: Mapping[str, str]
    tables: Sequence[tuple[str, int]] = ()
    """Name and version of each table that it has read."""


@dataclass(frozen=True, slots=True)
class Case:
    """A version before its gates. What is None could not be had; ``missing`` says why, and gates are inconclusive."""

    model: ModelName
    version: int
    requirements: Requirements
    rows: EvaluationRows | None = None
    candidate: Answers | None = None
    champion: Answers | None = None
    """None with nothing in ``missing``: there is no champion yet, or this version is it."""
    naive: Answers | None = None
    scorer: Scorer | None = None
    """The candidate, to be asked of other rows."""
    training: "pl.DataFrame | None" = None
    """A sample of the training rows."""
    training_table: str | None = None
    """The table that they are of, with its version."""
    accepted: "pl.DataFrame | None" = None
    """A sample of the evaluation rows of the last version that was promoted, for distributions."""
    accepted_training: "pl.DataFrame | None" = None
    """A sample of its training rows; None with nothing in ``missing``: no version has been promoted yet."""
    folder: Path | None = None
    """The candidate's files."""
    comment: str | None = None
    """What the registered model says of itself."""
    card: str | None = None
    """The text of the model's card that only people know, as it was deployed."""
    run: RunFacts | None = None
    evidence: Sequence[Evidence] = ()
    """What other rooms have written about this version."""
    missing: Mapping[str, str] = field(default_factory=dict[str, str])
    """Field to reason: ``{"champion": "version 2 does not load: ..."}``."""
    seed: int = 0
    scratch: Path | None = None
    """A folder for pictures and tables, which become artifacts of the evaluation's run."""
    drawn: dict[DrawnBy, Drawn] = field(default_factory=dict[DrawnBy, Drawn], init=False, repr=False, compare=False)
    """What gates have drawn of all rows, so that no other one draws it again; a case of other rows begins anew."""
