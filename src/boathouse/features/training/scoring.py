# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Predictions for a frame of keys: the model says what it takes, and the rest is looked up."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from boathouse.features.feature_spec import Computed, FeatureSpec, Lookup
from boathouse.features.frames import read_frame
from boathouse.features.specs.augmenting import Augmented, augment, without
from boathouse.features.specs.functions import OnDemand, functions_of
from boathouse.features.specs.named_specs import require_tables
from boathouse.features.specs.spec_files import SPEC_FILE, read_spec
from boathouse.features.tables.opening import open_features
from boathouse.foundation.errors import Denied, InvalidInput, NotFound, did_you_mean
from boathouse.models import feature_models
from boathouse.models.model_files import require_address
from boathouse.models.model_frames import PREDICTION, answers, columns_with_nulls, model_frame
from boathouse.session import Session
from boathouse.session.sql.arrow_types import arrow_type_of

BLOCK_ROWS = 100_000
"""Rows that a model is given at a time."""

Columns = Mapping[str, pa.ChunkedArray]


def score_batch(
    session: Session,
    model_uri: str,
    df: Any,
    *,
    result_type: str | None = None,
    params: Any = None,
    registry_uri: str | None = None,
) -> Any:
    """As :meth:`FeatureEngineeringClient.score_batch`.

    Args:
        result_type: The Spark SQL type that predictions are cast to; as the model gives them by default.
        params: For the model's own ``predict``.

    Raises:
        InvalidInput: The model carries no recipe; frame, tables or functions do not fit it; a function failed.
        NotFound, Denied: There is no such model or table, or the principal may not read it.
    """
    frame = read_frame(df)
    wanted = None if result_type is None else arrow_type_of(result_type)
    if PREDICTION in frame.table.schema.names:
        raise InvalidInput(f"The frame has a column {PREDICTION} already.", hint="Rename or drop it.")
    require_address(model_uri)
    feature_models.use_registry(registry_uri)
    with feature_models.fetched(model_uri) as folder:
        spec = spec_in(folder, model_uri)
        predictor = feature_models.load_predictor(folder)
        declared = feature_models.declared_inputs(predictor) or {}
        inputs = tuple(declared) or spec.inputs
        _require_columns(frame.table, spec, inputs, f"Model {model_uri}")
        features = features_for(session, frame.table, spec, f"Model {model_uri}").features
        table = _inputs_of(frame.table, features, [name for name in inputs if _is_there(name, frame.table, spec)])
        if loose := columns_with_nulls(table, declared):
            feature_models.allow_nulls(predictor, loose)
            declared = {**declared, **dict.fromkeys(loose, "double")}
        predictions = _predicted(predictor, table, declared, model_uri, params)
    if wanted is not None:
        predictions = _as_type(predictions, wanted, model_uri)
    own = frame.table.schema.names
    shown = {name: each for name, each in features.items() if name not in own and name not in spec.exclude}
    return frame.given_back([*own, *shown, PREDICTION], {**shown, PREDICTION: predictions})


def spec_in(folder: Path, model_uri: str) -> FeatureSpec:
    """The recipe in the folder of a model.

    Raises:
        InvalidInput: There is none.
    """
    file = folder / SPEC_FILE
    if not file.is_file():
        raise InvalidInput(
            f"Model {model_uri} carries no recipe of features.",
            hint="Log it with FeatureEngineeringClient.log_model(training_set=...), or load it with mlflow.pyfunc and "
            "give it its inputs.",
        )
    return read_spec(file.read_text(encoding="utf-8"), place=f"{model_uri}/{SPEC_FILE}")


def features_for(session: Session, frame: pa.Table, spec: FeatureSpec, whose: str) -> Augmented:
    """All features of a spec for the rows of a frame: those that the frame brings, and the others as they are known.

    A feature that is a column of the frame stands as it is given, its nulls included. A table is read only if
    something of it is missing.

    Raises:
        InvalidInput: The frame lacks a key, an instant or an argument of a function.
    """
    _require_columns(frame, spec, (), whose)
    given = _given(frame, spec, whose)
    needed = replace(spec, steps=tuple(rest for step in spec.steps if (rest := _missing(step, given)) is not None))
    try:
        opened = open_features(session, needed.tables, {})
        functions = functions_of(session, needed.functions)
    except (NotFound, Denied) as error:
        raise type(error)(f"{whose} needs what cannot be read: {error.message}", hint=error.hint) from error
    require_tables(needed, opened.feature_tables, whose)
    with OnDemand(session, functions) as on_demand:
        return augment(frame, spec, opened.tables, on_demand, given=given)


def _missing(step: Lookup | Computed, given: Columns) -> Lookup | Computed | None:
    """The step without what the frame brings; None when it brings all of it."""
    if isinstance(step, Computed):
        return None if step.name in given else step
    rest = without(step, given)
    return rest if rest.outputs else None


def _given(frame: pa.Table, spec: FeatureSpec, whose: str) -> dict[str, pa.ChunkedArray]:
    types = {output.name: output.type_text for lookup in spec.lookups for output in lookup.outputs}
    types |= {step.name: step.type_text for step in spec.computations}
    found: dict[str, pa.ChunkedArray] = {}
    for name, type_text in types.items():
        if name in frame.schema.names:
            column = frame.column(name)
            try:
                is_safe = not pa.types.is_timestamp(column.type)  # of instants, what is finer than Delta knows is cut
                found[name] = pc.cast(column, arrow_type_of(type_text), safe=is_safe)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise InvalidInput(
                    f"{whose} takes the feature {name} as {type_text.upper()}, and the frame gives it as "
                    f"{column.type}: {error}.",
                    hint=f"Cast the column, or leave it out to have {name} looked up.",
                ) from error
    return found


def _require_columns(frame: pa.Table, spec: FeatureSpec, inputs: tuple[str, ...], whose: str) -> None:
    """Refuse a frame that lacks what can come from nowhere else: keys, instants, arguments, inputs of the model."""
    there = set(frame.schema.names)
    needs: dict[str, str] = {}
    for step in spec.steps:
        if isinstance(step, Lookup):
            if not all(output.name in there for output in step.outputs):
                needs |= {column: f"by which it looks features of {step.table} up" for column, _ in step.keys}
                needs |= {step.at: f"the instant at which it looks features of {step.table} up"} if step.at else {}
        elif step.name not in there:
            needs |= {column: f"which function {step.function} takes" for _, column in step.inputs}
    needs |= dict.fromkeys(inputs, "one of its inputs")
    for name, why in needs.items():
        if name not in there and name not in spec.features:
            raise InvalidInput(
                f"{whose} needs the column {name}, {why}; the frame has none of that name.",
                hint=did_you_mean(name, there) or f"It has {', '.join(frame.schema.names[:20]) or 'no columns'}.",
            )


def _is_there(name: str, frame: pa.Table, spec: FeatureSpec) -> bool:
    return name in frame.schema.names or name in spec.features


def _inputs_of(frame: pa.Table, features: Columns, inputs: list[str]) -> pa.Table:
    return pa.table({name: features[name] if name in features else frame.column(name) for name in inputs})


def _predicted(
    predictor: Any, table: pa.Table, declared: Mapping[str, str], model_uri: str, params: Any
) -> pa.ChunkedArray:
    parts: list[pa.Table] = []
    for start in range(0, table.num_rows, BLOCK_ROWS):
        block = model_frame(table.slice(start, BLOCK_ROWS), table.schema.names, declared)
        found = feature_models.asked(lambda: predictor.predict(block, params=params))  # noqa: B023
        parts.append(pa.table({PREDICTION: answers(found, len(block), model_uri)}))
    if not parts:
        return pa.chunked_array([], pa.float64())
    # One block may hold whole numbers only where another has fractions.
    return pa.concat_tables(parts, promote_options="permissive").column(PREDICTION)


def _as_type(predictions: pa.ChunkedArray, wanted: pa.DataType, model_uri: str) -> pa.ChunkedArray:
    try:
        return predictions.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InvalidInput(
            f"The predictions of model {model_uri} are {predictions.type} and cannot be {wanted}: {error}.",
            hint="Leave result_type out to have them as they are.",
        ) from error
