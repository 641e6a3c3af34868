"""Text files that models carry, found by whatever names a model: its version, an alias, the run that made it."""

import re
from pathlib import Path
from urllib.parse import quote

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.rest import RestClient
from boathouse.models.artifact_addresses import FILES, artifact_path

_MLFLOW = "/api/2.0/mlflow"

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


def texts_of(client: RestClient, place: str, file: str) -> list[tuple[str, str]]:
    """The model's URI and the text of a file that it carries; of a run, those of all its models that carry one.

    By MLflow's REST: its client takes seconds to import.

    Args:
        place: ``catalog.schema.model``, with ``/3`` or ``@alias`` if it is not the newest version; or a run's id.

    Raises:
        InvalidInput: The text names neither a model nor a run.
        NotFound: There is no such model or run.
        NoSuchFile: It carries no such file.
        Denied: The principal may not read it.
    """
    found = [(uri, text) for uri, folder in _models(client, place) if (text := _text(client, folder, file)) is not None]
    if not found:
        raise NoSuchFile(f"{place} carries no file {file}.")
    return found


def _models(client: RestClient, place: str) -> list[tuple[str, str | None]]:
    """The URI of each model, and where its files lie."""
    if run := _RUN.fullmatch(place):
        return [_logged(client, model_id) for model_id in _models_of_run(client, run[1])]
    if model := _MODEL_ID.fullmatch(place):
        return [_logged(client, model[1])]
    version = _VERSION.fullmatch(place)
    if version is None:
        raise InvalidInput(
            f"{place!r} names neither a model nor a run.",
            hint="Give catalog.schema.model/3, catalog.schema.model@champion, or a run's id.",
        )
    name, number, alias = version.groups()
    if alias:
        number = client.get(f"{_MLFLOW}/registered-models/alias", name=name, alias=alias)["model_version"]["version"]
    elif number in (None, "latest"):
        number = _newest(client, name)
    uri = client.get(f"{_MLFLOW}/model-versions/get-download-uri", name=name, version=number)["artifact_uri"]
    return [(f"models:/{name}@{alias}" if alias else f"models:/{name}/{number}", artifact_path(uri))]


def _newest(client: RestClient, name: str) -> str:
    asked = {"filter": f"name='{name}'", "order_by": "version_number DESC", "max_results": 1}
    if not (found := client.get(f"{_MLFLOW}/model-versions/search", **asked).get("model_versions")):
        raise NotFound(f"Registered model {name} was not found, or has no version.")
    return str(found[0]["version"])


def _models_of_run(client: RestClient, run_id: str) -> list[str]:
    run = client.get(f"{_MLFLOW}/runs/get", run_id=run_id)["run"]
    models = run.get("outputs", {}).get("model_outputs", [])
    if not models:
        raise NotFound(f"Run {run_id} has logged no model.")
    return [str(model["model_id"]) for model in models]


def _logged(client: RestClient, model_id: str) -> tuple[str, str | None]:
    info = client.get(f"{_MLFLOW}/logged-models/{model_id}")["model"]["info"]
    return f"models:/{model_id}", artifact_path(info["artifact_uri"])


def _text(client: RestClient, folder: str | None, file: str) -> str | None:
    """The text, or None when the model has no such file."""
    if folder is None:
        return None
    there = client.call("GET", f"{FILES}/artifacts", params={"path": folder}).get("files", [])
    if file not in {each["path"].rpartition("/")[2] for each in there}:
        return None
    return client.send("GET", f"{FILES}/artifacts/{quote(f'{folder}/{file}')}").content.decode()
