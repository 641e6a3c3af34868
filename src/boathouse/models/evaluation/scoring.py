"""Asking a version of a model, whatever it is made of, for answers that metrics take."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from boathouse.foundation.names import ModelName
from boathouse.models.evaluation.case import Answers
from boathouse.models.evaluation.labels import positive_texts
from boathouse.models.evaluation.slicing import text_of
from boathouse.models.evaluation.statistics import NotAnswers
from boathouse.models.requirements.requirements import Problem

if TYPE_CHECKING:
    import polars as pl

Array = np.ndarray[Any, Any]

BLOCK_ROWS = 100_000
"""Rows that a model is asked of at a time."""


class VersionScorer(Protocol):
    """One loaded version, as it answers by itself."""

    @property
    def inputs(self) -> Sequence[str]:
        """The columns that it takes."""
        ...

    @property
    def classes(self) -> tuple[str, ...] | None:
        """What the columns of its probabilities stand for; None when it does not say."""
        ...

    @property
    def gives_classes(self) -> bool:
        """Whether it answers with the names of classes, not with numbers."""
        ...

    def prepared(self, frame: "pl.DataFrame") -> "pl.DataFrame":
        """The rows with what the version looks up by itself, as columns."""
        ...

    def __call__(self, frame: "pl.DataFrame") -> Array:
        """Answers to prepared rows: of shape (rows,) or (rows, classes); texts when it gives classes."""
        ...


class ScorerOf(Protocol):
    """Loads a version of a model."""

    def __call__(self, model: ModelName, version: int, folder: Path) -> VersionScorer:
        """Put the version's files into the folder, which is empty, and load it.

        Raises:
            BoathouseError: It is not there, may not be read, or does not load.
        """
        ...


class AskedScorer:
    """A version whose answers have the shape that the problem asks for. It is a ``Scorer`` of a case."""

    def __init__(self, scorer: VersionScorer, problem: Problem, positive_label: str | None) -> None:
        self._scorer = scorer
        self._problem = problem
        self._positive = positive_texts(positive_label)
        self.classes: tuple[str, ...] = ()
        """Of a problem with many classes: in which order answers stand."""
        self.unnamed: tuple[str, ...] = ()
        """What the columns of probabilities stand for when the version does not say: the classes of the rows."""

    @property
    def inputs(self) -> Sequence[str]:
        return self._scorer.inputs

    @property
    def are_probabilities(self) -> bool:
        return not self._scorer.gives_classes

    def __call__(self, frame: "pl.DataFrame") -> Array:
        if len(frame) == 0:
            return np.empty((0, len(self.classes))) if self._problem is Problem.MULTICLASS else np.empty(0)
        blocks = [
            self.shaped(self._scorer(frame.slice(start, BLOCK_ROWS))) for start in range(0, len(frame), BLOCK_ROWS)
        ]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def answers(self, frame: "pl.DataFrame", whose: str) -> Answers:
        """What the version says of prepared rows."""
        return Answers(whose, self(frame), self.are_probabilities)

    def shaped(self, said: Array) -> Array:
        """The version's own answers as the problem wants them."""
        match self._problem:
            case Problem.REGRESSION:
                return self._numbers(said)
            case Problem.BINARY:
                return self._positives(said)
            case Problem.MULTICLASS:
                return self._by_class(said)

    def _numbers(self, said: Array) -> Array:
        if said.ndim == 2 and said.shape[1] == 1:
            said = said[:, 0]
        if said.ndim != 1 or said.dtype.kind in "OUS":
            raise NotAnswers(f"The model gives answers of shape {said.shape}; one number per row is needed.")
        return said.astype(np.float64)

    def _positives(self, said: Array) -> Array:
        if self._scorer.gives_classes:
            return np.array([text_of(each) in self._positive for each in said.tolist()], dtype=np.float64)
        if said.ndim == 2 and said.shape[1] == 1:
            said = said[:, 0]
        if said.ndim == 1:
            return said.astype(np.float64)
        if said.shape[1] != 2:
            raise NotAnswers(f"The model gives {said.shape[1]} probabilities per row; two classes are asked for.")
        classes = self._scorer.classes
        hits = [at for at, text in enumerate(classes or ()) if text in self._positive]
        return said[:, hits[0] if len(hits) == 1 else 1].astype(np.float64)

    def _by_class(self, said: Array) -> Array:
        number = {text: at for at, text in enumerate(self.classes)}
        shaped = np.zeros((len(said), len(self.classes)))
        if self._scorer.gives_classes:
            texts = [text_of(each) for each in said.tolist()]
            if unknown := set(texts) - set(number):
                raise NotAnswers(f"The model names the class {min(unknown)}, which nobody else knows.")
            shaped[np.arange(len(said)), [number[text] for text in texts]] = 1.0
            return shaped
        if said.ndim != 2:
            raise NotAnswers("The model gives one number per row; a probability for each class is needed.")
        own = self._scorer.classes or self.unnamed
        if said.shape[1] != len(own):
            raise NotAnswers(
                f"The model gives {said.shape[1]} probabilities per row, and does not say of which classes; the rows "
                f"have {len(own)}."
            )
        shaped[:, [number[text] for text in own]] = said
        return shaped
