# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""A version of a model as MLflow loads it, asked for probabilities where it has them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import ModelName
from boathouse.models import feature_models
from boathouse.models.evaluation.slicing import text_of
from boathouse.models.model_frames import columns_with_nulls, model_frame

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Array = np.ndarray[Any, Any]

_OWN_CODE = "mlflow.pyfunc.model"
"""The loader of models that are code of their own: their methods mean what their authors like."""


def load_scorer(model: ModelName, version: int, folder: Path) -> "PyfuncScorer":
    """Load a version that takes its inputs as they stand in the rows.

    Raises:
        NotFound, Denied: There is no such version, or the principal may not read it.
        InvalidInput: It does not load, or does not say what it takes.
    """
    return PyfuncScorer(downloaded(model, version, folder), f"{model}, version {version}")


def downloaded(model: ModelName, version: int, folder: Path) -> Path:
    """The version's files, below the folder."""
    return downloaded_from(f"models:/{model}/{version}", folder)


def downloaded_from(uri: str, folder: Path) -> Path:
    """The files of a model at an address of MLflow's, below the folder."""
    from mlflow.artifacts import download_artifacts

    folder.mkdir(parents=True, exist_ok=True)
    return Path(feature_models.asked(lambda: download_artifacts(artifact_uri=uri, dst_path=str(folder))))


class PyfuncScorer:
    """A loaded version. Classifiers that have ``predict_proba`` are asked by it: what they are served with may be
    classes, which say less."""

    def __init__(self, folder: Path, whose: str) -> None:
        self.folder = folder
        self._whose = whose
        try:
            self._predictor = feature_models.load_predictor(folder, warn=False)
        except Exception as error:
            raise InvalidInput(f"{whose} does not load: {type(error).__name__}: {error}") from error
        self._declared = dict(feature_models.declared_inputs(self._predictor) or {})
        raw = _raw_model(self._predictor)
        self.raw_model: Any = raw
        """What its flavour has loaded; None when it is code of somebody's own, or is not given out."""
        self._inputs = tuple(self._declared) or tuple(feature_models.names_of_inputs(raw) or ())
        if not self._inputs:
            raise InvalidInput(
                f"{whose} does not say which columns it takes.", hint="Log it with a signature or an input example."
            )
        found = getattr(raw, "classes_", None)
        self._classes = None if found is None else tuple(text_of(each) for each in np.asarray(found).tolist())
        self._ask = getattr(raw, "predict_proba", None) if self._classes is not None else None
        self._gives_classes: bool | None = False if self._ask is not None else None

    @property
    def inputs(self) -> Sequence[str]:
        return self._inputs

    @property
    def classes(self) -> tuple[str, ...] | None:
        return self._classes

    @property
    def gives_classes(self) -> bool:
        return bool(self._gives_classes)

    def prepared(self, frame: "pl.DataFrame") -> "pl.DataFrame":
        return frame

    def __call__(self, frame: "pl.DataFrame") -> Array:
        rows = self.rows_of(frame)
        if self._ask is not None:
            return np.asarray(self._ask(rows))
        return self._told(feature_models.asked(lambda: self._predictor.predict(rows)))

    def rows_of(self, frame: "pl.DataFrame") -> Any:
        """The rows as the model takes them.

        Raises:
            InvalidInput: They lack a column that it needs.
        """
        if missing := [name for name in self._inputs if name not in frame.columns and self._is_required(name)]:
            raise InvalidInput(
                f"{self._whose} takes {', '.join(missing[:5])}, which the evaluation rows do not have.",
                hint=did_you_mean(missing[0], frame.columns) or f"They have {', '.join(frame.columns[:20])}.",
            )
        table = pa.table(frame.select([name for name in self._inputs if name in frame.columns]).to_arrow())
        declared = self._declared
        if loose := columns_with_nulls(table, declared):
            feature_models.allow_nulls(self._predictor, loose)
            self._declared = declared = {**declared, **dict.fromkeys(loose, "double")}
        return model_frame(_plain(table), table.schema.names, declared)

    def _told(self, said: Any) -> Array:
        """What ``predict`` gives, as an array; it shows with the first rows whether these are classes."""
        values = _array(said)
        if self._gives_classes is None:
            self._gives_classes = values.dtype.kind in "OUSb" or (values.ndim == 1 and values.dtype.kind in "iu")
        return values

    def _is_required(self, name: str) -> bool:
        schema = self._predictor.metadata.get_input_schema()
        if schema is None or not schema.has_input_names():
            return True
        return name in schema.required_input_names()


def _raw_model(predictor: Any) -> Any:
    """What the flavour has loaded; the predictor itself when that is code of somebody's own, or is not given out."""
    flavour = predictor.metadata.flavors.get("python_function", {})
    if flavour.get("loader_module") == _OWN_CODE:
        return None
    try:
        return predictor.get_raw_model()
    except (AttributeError, NotImplementedError):
        return None


def _array(said: Any) -> Array:
    if hasattr(said, "toarray"):
        said = said.toarray()
    if hasattr(said, "columns"):
        frame: pd.DataFrame = said
        return frame.iloc[:, 0].to_numpy() if frame.shape[1] == 1 else frame.to_numpy()
    return np.asarray(said)


def _plain(table: pa.Table) -> pa.Table:
    """Polars' long texts and dictionaries as pandas knows them."""
    fields = [field.with_type(_plain_type(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    return kind
