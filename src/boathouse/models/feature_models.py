# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""What MLflow does for models that carry files of ours: log, register, fetch, predict.

Whoever calls runs beside MLflow's client and uses the tracking server and the rights that this is set up with.
"""

import inspect
import tempfile
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.models.stores import as_ours

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.models.model import ModelInfo

T = TypeVar("T")

_OF_REGISTRATION = ("await_registration_for",)


def log_with_files(
    model: Any,
    flavor: Any,
    files: Mapping[str, str],
    *,
    name: str | None,
    registered_model_name: str | None,
    metadata: Mapping[str, Any],
    options: Mapping[str, Any],
) -> "ModelInfo":
    """Log a model by its flavour, put text files into its folder, and only then register it.

    The files are artifacts of the model like its own, so they go wherever it goes.

    Args:
        files: Texts by file name.
        metadata: Added to what ``MLmodel`` says, where the flavour takes such.
        options: For the flavour's own ``log_model``.
    """
    if not callable(getattr(flavor, "log_model", None)):
        raise InvalidInput(
            f"{getattr(flavor, '__name__', flavor)!r} is no flavour of MLflow: it has no log_model.",
            hint="Give the module, as flavor=mlflow.sklearn.",
        )
    import mlflow

    registering = {key: options[key] for key in _OF_REGISTRATION if key in options}
    wanted = {key: value for key, value in options.items() if key not in registering}
    if _takes(flavor.log_model, "metadata"):
        wanted["metadata"] = {**(wanted.get("metadata") or {}), **metadata}
    info = flavor.log_model(**_model_argument(flavor, model), **wanted, **({"name": name} if name else {}))
    _add_files(info.model_id, files)
    if registered_model_name is not None:
        version = asked(lambda: mlflow.register_model(info.model_uri, registered_model_name, **registering))
        info.registered_model_version = version.version
    return info


def use_registry(uri: str | None) -> None:
    """Let MLflow in this process use another registry than it is set up with; None changes nothing."""
    if uri is None:
        return
    import mlflow

    if mlflow.get_registry_uri() != uri:
        mlflow.set_registry_uri(uri)


def tag_version(model: str, version: int, tags: Mapping[str, str]) -> None:
    """Set tags of a model version."""
    import mlflow

    client = mlflow.MlflowClient()
    for key, value in tags.items():
        asked(lambda: client.set_model_version_tag(model, str(version), key, value))  # noqa: B023


@contextmanager
def fetched(model_uri: str) -> Generator[Path]:
    """The folder of a model, on this machine for the length of the block.

    Raises:
        NotFound: There is no such model.
        Denied: The principal may not read it.
    """
    from mlflow.artifacts import download_artifacts

    with tempfile.TemporaryDirectory(prefix="boathouse-model-") as folder:
        place = asked(lambda: download_artifacts(artifact_uri=model_uri, dst_path=folder))
        yield Path(place)


@contextmanager
def fetched_baseline(model: str, version: int) -> Generator[Path]:
    """The folder of the model that the run of a version has logged as its baseline, as :func:`fetched`."""
    from mlflow import MlflowClient

    from boathouse.models.baselines import NAME

    client = MlflowClient()
    run_id = asked(lambda: client.get_model_version(model, str(version))).run_id
    if not run_id:
        raise NotFound(f"{model}@{version} comes from no run, and so has no baseline.")
    experiment = asked(lambda: client.get_run(run_id)).info.experiment_id
    wanted = f"source_run_id = '{run_id}' AND name = '{NAME}'"
    found = asked(lambda: list(client.search_logged_models([experiment], filter_string=wanted)))
    if not found:
        raise NotFound(f"The run of {model}@{version} has no model named {NAME} any more.")
    newest = max(found, key=lambda one: one.creation_timestamp)
    with fetched(f"models:/{newest.model_id}") as folder:
        yield folder


def load_predictor(folder: Path, *, warn: bool = True) -> Any:
    """The model in a folder as a ``mlflow.pyfunc`` model.

    Args:
        warn: Whether MLflow compares the model's requirements with what is installed, which takes most of a second.
    """
    import mlflow.pyfunc

    return asked(lambda: mlflow.pyfunc.load_model(str(folder), suppress_warnings=not warn))


def declared_inputs(predictor: Any) -> dict[str, str] | None:
    """Name and MLflow's type of each column that a model's signature asks for; None when it has no such signature."""
    schema = predictor.metadata.get_input_schema()
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names():
        return None
    return {each.name: getattr(each.type, "name", str(each.type)) for each in schema.inputs}


def allow_nulls(predictor: Any, columns: Sequence[str]) -> None:
    """Let a loaded model take nulls in columns that its signature calls whole numbers, where pandas knows none: they
    come as floating numbers. What is stored stays as it is."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    signature = predictor.metadata.signature
    inputs = [
        ColSpec(DataType.double, each.name, required=each.required) if each.name in columns else each
        for each in signature.inputs.inputs
    ]
    predictor.metadata.signature = ModelSignature(Schema(inputs), signature.outputs, signature.params)


def inferred_signature(sample: Any, model: Any) -> "ModelSignature | None":
    """The signature that rows of inputs and a model's answers to them have; without answers if it gives none."""
    from mlflow.exceptions import MlflowException
    from mlflow.models import infer_signature

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns of whole numbers, which may be null one day
        try:
            return infer_signature(sample, _answers(model, sample))
        except MlflowException:
            return None  # a column of a type that signatures do not know; the model works without one


def names_of_inputs(model: Any) -> list[str] | None:
    """The columns that a fitted model says it was fitted on: scikit-learn, LightGBM, XGBoost and CatBoost tell."""
    for attribute in ("feature_names_in_", "feature_name_", "feature_names_", "feature_names", "feature_name"):
        try:
            found = getattr(model, attribute, None)
            found = found() if callable(found) else found
        except Exception:  # noqa: BLE001 - a model that is not fitted, or knows no names, says so in its own way
            continue
        if isinstance(found, str) or found is None:
            continue
        try:
            names = [str(each) for each in found]
        except TypeError:
            continue
        if names:
            return names
    return None


def asked(act: Callable[[], T]) -> T:
    """What MLflow answers; its errors as ours."""
    from mlflow.exceptions import MlflowException

    try:
        return act()
    except MlflowException as error:
        raise as_ours(error) from error


def _answers(model: Any, sample: Any) -> Any:
    try:
        return model.predict(sample)
    except Exception:  # noqa: BLE001 - some models take other inputs than frames, or need a server; inputs are enough
        return None


def _add_files(model_id: str, files: Mapping[str, str]) -> None:
    import mlflow

    client = mlflow.MlflowClient()
    with tempfile.TemporaryDirectory(prefix="boathouse-model-") as folder:
        for name, text in files.items():
            file = Path(folder, name)
            file.write_text(text, encoding="utf-8")
            asked(lambda: client.log_model_artifact(model_id, str(file)))  # noqa: B023


def _model_argument(flavor: Any, model: Any) -> dict[str, Any]:
    """The model under the name that the flavour has for it: its first parameter, but for ``mlflow.pyfunc``."""
    parameters = list(inspect.signature(flavor.log_model).parameters)
    return {"python_model" if "python_model" in parameters else parameters[0]: model}


def _takes(function: Callable[..., Any], name: str) -> bool:
    parameters = inspect.signature(function).parameters
    return name in parameters or any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())
