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
    models = read_bundle(file.parent.absolute(), reading).models
    named = [each.requirements for each in models if each.model == model]
    return named[0] if named else _chosen({each.key: each.requirements for each in models}, model, file)


def _chosen(found: "dict[str, Requirements]", model: str | None, file: Path) -> "Requirements":
    """The model of a name or of a full name's last part; the only one, whatever it is called there."""
    if not found:
        raise NotFound(f"{file} says nothing of any model.")
    known = ", ".join(found)
    if model is None and len(found) > 1:
        raise InvalidInput(f"{file} is about several models.", hint=f"Name one with --model: {known}.")
    name = model or next(iter(found))
    for each in (name, name.rpartition(".")[2]):
        if each in found:
            return found[each]
    if len(found) == 1 and "." in name:
        return next(iter(found.values()))
    hint = did_you_mean(name, found) or f"There are: {known}."
    raise NotFound(f"{file} says nothing of the model {name}.", hint=hint)


def as_sent(requirements: "Requirements") -> dict[str, Any]:
    """Requirements as a request carries them."""
    return requirements.model_dump(mode="json", exclude_defaults=True)
