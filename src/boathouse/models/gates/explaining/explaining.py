"""Chooses how a model is explained: by itself, exactly, through what it wraps, or from the outside."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boathouse.models import feature_models
from boathouse.models.gates.explaining.explained import Explained, NotExplained
from boathouse.models.gates.explaining.linear import explain_linear, is_linear
from boathouse.models.gates.explaining.recording import recorded
from boathouse.models.gates.explaining.trees import explain_trees, is_boosted
from boathouse.models.model_frames import model_frame

if TYPE_CHECKING:
    import polars as pl

_OWN_CODE = ("mlflow.pyfunc.model", "mlflow.pyfunc.loaders.code_model")
"""What loads a pickled object of one's own class, and one that its code makes."""


def explain_itself(folder: Path, rows: "pl.DataFrame", inputs: Sequence[str]) -> Explained | None:
    """The explanation of a model that has one of its own; None when it has to be asked from the outside."""
    predictor = feature_models.load_predictor(folder, warn=False)
    declared = feature_models.declared_inputs(predictor) or {}
    frame = pandas_rows(rows, list(inputs), declared)
    if predictor.metadata.flavors.get("python_function", {}).get("loader_module") in _OWN_CODE:
        return _explain_wrapper(predictor, frame)
    try:
        model = predictor.get_raw_model()
    except (AttributeError, NotImplementedError):
        return None
    return explain_model(model, frame)


def explain_model(model: Any, rows: Any, names: tuple[str, ...] | None = None) -> Explained | None:
    """As :func:`explain_itself`, of a model in memory."""
    if is_boosted(model):
        found = explain_trees(model, rows)
        return found if names is None or len(names) != len(found.names) else _renamed(found, names)
    if is_linear(model):
        return explain_linear(model, rows, names)
    if type(model).__module__.startswith("sklearn.pipeline") and len(model.steps) > 1:
        last, before = model.steps[-1][1], model[:-1]
        if is_boosted(last) or is_linear(last):
            return explain_model(last, before.transform(rows), _names_out(before))
    return None


def pandas_rows(rows: "pl.DataFrame", inputs: Sequence[str], declared: dict[str, str]) -> Any:
    """The inputs as models take them."""
    import polars as pl
    import pyarrow as pa

    there = [name for name in inputs if name in rows.columns]
    table = rows.select(there).with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)).to_arrow()
    large = {field.name for field in table.schema if pa.types.is_large_string(field.type)}
    large |= {field.name for field in table.schema if pa.types.is_string_view(field.type)}
    fields = [field.with_type(pa.string()) if field.name in large else field for field in table.schema]
    return model_frame(table.cast(pa.schema(fields)), there, declared)


def _explain_wrapper(predictor: Any, frame: Any) -> Explained | None:
    """A model in code of somebody's own that keeps a model which explains itself in an attribute."""
    wrapper = predictor.unwrap_python_model()
    kept: dict[str, Any] = getattr(wrapper, "__dict__", {})
    inside = [name for name, each in kept.items() if is_boosted(each) or is_linear(each)]
    if len(inside) != 1:
        return None
    try:
        rows = recorded(wrapper, inside[0], lambda: predictor.predict(frame))
    except NotExplained:
        return None
    return explain_model(getattr(wrapper, inside[0]), rows)


def _names_out(before: Any) -> tuple[str, ...] | None:
    try:
        return tuple(map(str, before.get_feature_names_out()))
    except (AttributeError, ValueError):
        return None


def _renamed(found: Explained, names: tuple[str, ...]) -> Explained:
    from dataclasses import replace

    return replace(found, names=names)
