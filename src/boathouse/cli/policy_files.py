"""Requirements out of a file: one model of a ``boathouse.yml``, or a file that holds one model's requirements alone."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boathouse.foundation.errors import InvalidInput, NotFound, did_you_mean

if TYPE_CHECKING:
    from boathouse.models.requirements import Requirements


def requirements_in(file: Path, model: str | None = None, target: str | None = None) -> "Requirements":
    """Read what a file asks of a model. ``model`` (a key or a full name) is needed where there are several.

    Raises:
        NotFound: There is no such file, or it holds no such model.
        InvalidInput: It does not fit; everything that is wrong is listed with its line.
    """
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    if is_of_bundle(file):
        return _of_bundle(file, model, target)
    from boathouse.bundles.findings import Findings
    from boathouse.bundles.model_settings import read_alone

    findings = Findings(file.parent)
    found = read_alone(file, findings)
    findings.raise_errors()
    return _chosen(found, model, file)


def is_of_bundle(file: Path) -> bool:
    """Whether this is the ``boathouse.yml`` beside a ``databricks.yml``, whose references can be resolved."""
    from boathouse.bundles.files import ROOT_FILES, SETTINGS_FILES

    return file.name in SETTINGS_FILES and any((file.parent / name).is_file() for name in ROOT_FILES)


def _of_bundle(file: Path, model: str | None, target: str | None) -> "Requirements":
    import getpass

    from boathouse.bundles import CurrentUser, Reading, read_bundle

    reading = Reading(CurrentUser(getpass.getuser()), target, environment=os.environ, force=True)
    bundle = read_bundle(file.parent.absolute(), reading)
    found: dict[str, Requirements] = {}
    for each in bundle.models:
        found[each.key] = each.requirements
        if model == each.model:
            return each.requirements
    return _chosen(found, model, file)


def _chosen(found: "dict[str, Requirements]", model: str | None, file: Path) -> "Requirements":
    if model is not None and model in found:
        return found[model]
    if len(found) == 1 and (model is None or "." in model):
        return next(iter(found.values()))
    if not found:
        raise NotFound(f"{file} says nothing of any model.")
    known = ", ".join(found)
    if model is None:
        raise InvalidInput(f"{file} is about several models.", hint=f"Name one with --model: {known}.")
    hint = did_you_mean(model, found) or f"There are: {known}."
    raise NotFound(f"{file} says nothing of the model {model}.", hint=hint)


def as_sent(requirements: "Requirements") -> dict[str, Any]:
    """Requirements as a request carries them."""
    return requirements.model_dump(mode="json", exclude_defaults=True)
