"""The folder of a model: its ``MLmodel`` file and its input example, read without MLflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson
import yaml

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.serving.scoring.signature import Signature, signature_of

FILE = "MLmodel"
_EXAMPLE = "serving_input_example.json"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What is known of a model before it is loaded."""

    path: Path
    flavors: Mapping[str, Mapping[str, Any]]
    signature: Signature | None
    example: bytes | None
    """A body that it was logged with, as a caller would send it."""
    is_from_type_hint: bool = False

    @property
    def loader(self) -> str:
        """The module that MLflow would load it with; ``mlflow.lightgbm``."""
        return str(self.flavors.get("python_function", {}).get("loader_module", ""))

    @property
    def predict_fn(self) -> str:
        return str(self.flavors.get("python_function", {}).get("predict_fn") or "predict")

    @property
    def has_code(self) -> bool:
        """Whether it brings Python files of its own."""
        return any(conf.get("code") for conf in self.flavors.values())


def read_model_folder(path: Path) -> ModelFolder:
    """What stands in the folder of a model.

    Raises:
        NotFound: There is no ``MLmodel`` file.
        InvalidInput: It cannot be understood.
    """
    file = path / FILE
    try:
        text = file.read_bytes()
    except OSError as error:
        raise NotFound(f"{path} holds no model: its {FILE} cannot be read: {error}.") from error
    try:
        said = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} is no YAML: {error}.") from error
    if not isinstance(said, dict) or not isinstance(cast("dict[str, Any]", said).get("flavors"), dict):
        raise InvalidInput(f"{file} names no flavours.")
    metadata = cast("dict[str, Any]", said)
    return ModelFolder(
        path=path,
        flavors=metadata["flavors"],
        signature=signature_of(metadata),
        example=_example(path, metadata),
        is_from_type_hint=bool(metadata.get("is_signature_from_type_hint")),
    )


def _example(path: Path, metadata: Mapping[str, Any]) -> bytes | None:
    said = metadata.get("saved_input_example_info")
    name = cast("dict[str, Any]", said).get("serving_input_path") if isinstance(said, dict) else None
    file = path / str(name or _EXAMPLE)
    try:
        text = file.read_bytes()
        return text if isinstance(orjson.loads(text), dict) else None
    except (OSError, orjson.JSONDecodeError):
        return None
