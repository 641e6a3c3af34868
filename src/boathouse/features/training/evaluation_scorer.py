# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Versions of models for an evaluation: one that carries a recipe looks its features up, as they were at each row."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from boathouse.features.specs.spec_files import SPEC_FILE
from boathouse.features.training.scoring import features_for, spec_in
from boathouse.foundation.names import ModelName
from boathouse.models.evaluation.pyfunc_scorer import PyfuncScorer, downloaded_from, load_scorer
from boathouse.session import Session

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from boathouse.features.feature_spec import FeatureSpec
    from boathouse.models.evaluation.scoring import ScorerOf, VersionScorer


def scorer_of(session: Session) -> "ScorerOf":
    """Loads versions of models: those with a recipe of features, and any others."""

    def load(model: ModelName, version: int, folder: Path) -> "VersionScorer":
        return _with_features(session, load_scorer(model, version, folder), f"models:/{model}/{version}")

    return load


def scorer_at(session: Session, uri: str, folder: Path) -> "PyfuncScorer | FeatureScorer":
    """Load a model that need be no version of anything, by its address: ``runs:/.../model``, ``models:/m-...``.

    Raises:
        NotFound, Denied: There is none, or the principal may not read it.
        InvalidInput: It does not load, or does not say what it takes.
    """
    return _with_features(session, PyfuncScorer(downloaded_from(uri, folder), uri), uri)


def _with_features(session: Session, scorer: PyfuncScorer, whose: str) -> "PyfuncScorer | FeatureScorer":
    if not (scorer.folder / SPEC_FILE).is_file():
        return scorer
    return FeatureScorer(session, scorer, spec_in(scorer.folder, whose), f"Model {whose}")


class FeatureScorer:
    """A version that carries a recipe. It answers as :func:`score_batch` does: what the rows bring stands, and the
    rest is looked up."""

    def __init__(self, session: Session, scorer: PyfuncScorer, spec: "FeatureSpec", whose: str) -> None:
        self.folder = scorer.folder
        self._session = session
        self._scorer = scorer
        self._spec = spec
        self._whose = whose

    @property
    def inputs(self) -> Any:
        return self._scorer.inputs

    @property
    def classes(self) -> tuple[str, ...] | None:
        return self._scorer.classes

    @property
    def gives_classes(self) -> bool:
        return self._scorer.gives_classes

    @property
    def raw_model(self) -> Any:
        return self._scorer.raw_model

    def rows_of(self, frame: "pl.DataFrame") -> Any:
        return self._scorer.rows_of(frame)

    def prepared(self, frame: "pl.DataFrame") -> "pl.DataFrame":
        import polars as pl

        table = pa.table(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
        found = features_for(self._session, table, self._spec, self._whose).features
        new = [pl.Series(name, column) for name, column in found.items() if name not in frame.columns]
        return frame.with_columns(new)

    def __call__(self, frame: "pl.DataFrame") -> "np.ndarray[Any, Any]":
        return self._scorer(frame)
