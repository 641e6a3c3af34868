"""Text files that models carry, found by whatever names a model: its version, an alias, the run that made it."""

import re
from collections.abc import Iterator
from pathlib import Path

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.models.feature_models import asked

_RUN = re.compile(r"(?:runs:/)?([0-9a-f]{32})/?")
_VERSION = re.compile(r"(?:models:/)?([^/@]+\.[^/@]+\.[^/@]+?)(?:/(\d+|latest)|@([^/@]+))?")
_MODEL_ID = re.compile(r"(?:models:/)?(m-[0-9a-f]{32})")


class NoSuchFile(NotFound):
    """A model is there, and carries no file of that name."""


def require_address(model_uri: str) -> None:
    """Refuse a model's name where its address is asked for: MLflow would look for a file of that name.

    Raises:
        InvalidInput: Says the address.
    """
    if "models:/" in model_uri or not (version := _VERSION.fullmatch(model_uri)) or Path(model_uri).exists():
        return
    name, number, alias = version.groups()
    hint = f"Write models:/{name}/{number}." if number else f"Write models:/{name}@{alias or 'champion'}"
    if not number and not alias:
        hint += f" or models:/{name}/1."
    raise InvalidInput(f"{model_uri!r} is no address of a model.", hint=hint)


def texts_of(place: str, file: str) -> Iterator[tuple[str, str]]:
    """The model's URI and the text of a file that it carries; of a run, those of all its models that carry one.

    Args:
        place: ``catalog.schema.model``, with ``/3`` or ``@alias`` if it is not the newest version; or a run's id.

    Raises:
        InvalidInput: The text names neither a model nor a run.
        NotFound: There is no such model or run.
        NoSuchFile: It carries no such file.
        Denied: The principal may not read it.
    """
    found = [(uri, text) for uri in _uris(place) if (text := _text(uri, file)) is not None]
    if not found:
        raise NoSuchFile(f"{place} carries no file {file}.")
    yield from found


def _uris(place: str) -> list[str]:
    if run := _RUN.fullmatch(place):
        return _models_of_run(run[1])
    if model := _MODEL_ID.fullmatch(place):
        return [f"models:/{model[1]}"]
    version = _VERSION.fullmatch(place)
    if version is None:
        raise InvalidInput(
            f"{place!r} names neither a model nor a run.",
            hint="Give catalog.schema.model/3, catalog.schema.model@champion, or a run's id.",
        )
    name, number, alias = version.groups()
    return [f"models:/{name}@{alias}" if alias else f"models:/{name}/{number or 'latest'}"]


def _models_of_run(run_id: str) -> list[str]:
    import mlflow

    outputs = asked(lambda: mlflow.MlflowClient().get_run(run_id)).outputs
    models = outputs.model_outputs if outputs is not None else []
    if not models:
        raise NotFound(f"Run {run_id} has logged no model.")
    return [f"models:/{model.model_id}" for model in models]


def _text(uri: str, file: str) -> str | None:
    """The text, or None when the model has no such file."""
    import mlflow
    from mlflow.artifacts import list_artifacts, load_text

    place = uri
    if model := _MODEL_ID.fullmatch(uri):  # MLflow takes no path behind such a URI
        place = asked(lambda: mlflow.MlflowClient().get_logged_model(model[1])).artifact_location
    names = {each.path.rpartition("/")[2] for each in asked(lambda: list_artifacts(artifact_uri=place)) or []}
    return asked(lambda: load_text(f"{place}/{file}")) if file in names else None
