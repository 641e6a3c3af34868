# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""What captured rows say of the model that answered: which files it was, and of which types its inputs are."""

import platform
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from boathouse.foundation.errors import BoathouseError

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK = 1 << 20
_ADDED = frozenset({"registered_model_meta"})
"""What MLflow puts beside a model when it downloads it."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Of one folder of a model."""

    files: str | None
    """A digest of all its files; None when there are none."""
    has_signature: bool = False
    names: tuple[str, ...] = ()
    """Of its inputs, in their order."""
    types: "dict[str, pa.DataType]" = field(default_factory=dict)
    """Of its inputs."""


_UNKNOWN = ModelFacts(None)


class KnownModels:
    """Remembers what was found out; the files of a version never change."""

    def __init__(self) -> None:
        self._known: dict[str, ModelFacts] = {}

    def facts(self, folder: str | None) -> ModelFacts:
        if folder is None:
            return _UNKNOWN
        if folder not in self._known:
            self._known[folder] = facts_of(Path(folder))
        return self._known[folder]


def facts_of(folder: Path) -> ModelFacts:
    """What the files say."""
    from boathouse.serving.scoring.mlmodel import read_model_folder

    digest = digest_of(folder)
    if digest is None:
        return ModelFacts(None)
    try:
        signature = read_model_folder(folder).signature
    except BoathouseError:
        return ModelFacts(digest)
    if signature is None or not signature.columns:
        return ModelFacts(digest)
    names = tuple(each.name for each in signature.columns) if signature.has_names else ()
    types = {each.name: kind for each in signature.columns if (kind := _arrow_type(each.kind.value)) is not None}
    return ModelFacts(digest, has_signature=True, names=names, types=types)


@cache
def environment() -> str:
    """What models are asked with: this Python and its libraries; those of a model in an environment of its own follow
    from its files."""
    from boathouse.serving.scoring.proofs import library_versions

    return f"python=={platform.python_version()} {library_versions()}"


def digest_of(folder: Path) -> str | None:
    """A digest of the names and contents of all files in a folder; None when there is no folder."""
    if not folder.is_dir():
        return None
    told = sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in _ADDED):
        content = sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                content.update(chunk)
        told.update(f"{path.relative_to(folder).as_posix()}\0{content.hexdigest()}\n".encode())
    return told.hexdigest()


def _arrow_type(kind: str) -> "pa.DataType | None":
    import pyarrow as pa

    types = {
        "boolean": pa.bool_(),
        "integer": pa.int64(),
        "long": pa.int64(),
        "float": pa.float64(),
        "double": pa.float64(),
        "string": pa.string(),
        "datetime": pa.timestamp("us", "UTC"),
    }
    return types.get(kind)
