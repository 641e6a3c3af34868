"""What the files of a model say about themselves, without loading the model."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from boathouse.models.cards.facts import Contents
from boathouse.models.version_files import files_below

MLMODEL = "MLmodel"
REQUIREMENTS = "requirements.txt"
_MOST_BYTES = 5_000_000


def contents_of(folder: Path, lock: Path | None) -> Contents:
    """Flavours, signature, size and environment."""
    sizes = [file.stat().st_size for _, file in files_below(folder)]
    told = mlmodel_of(folder)
    signature = _mapping(told.get("signature"))
    asked = _packages(folder / REQUIREMENTS)
    return Contents(
        flavours=tuple(sorted(str(name) for name in _mapping(told.get("flavors")))),
        inputs=_columns(signature.get("inputs")),
        outputs=_columns(signature.get("outputs")),
        size_bytes=sum(sizes),
        files=len(sizes),
        environment=_asked_first(_packages(lock), asked) if lock is not None else asked,
        is_locked=lock is not None,
    )


def mlmodel_of(folder: Path) -> Mapping[str, Any]:
    """What ``MLmodel`` says; nothing when it cannot be read."""
    text = text_of(folder / MLMODEL)
    try:
        return _mapping(yaml.safe_load(text)) if text else {}
    except yaml.YAMLError:
        return {}


def text_of(file: Path) -> str | None:
    """A small text file; None when there is none."""
    if not file.is_file() or file.stat().st_size > _MOST_BYTES:
        return None
    return file.read_text(encoding="utf-8", errors="replace")


def _packages(file: Path) -> tuple[str, ...]:
    lines = (line.split(" --hash")[0].strip().rstrip("\\").strip() for line in (text_of(file) or "").splitlines())
    return tuple(line for line in lines if line and not line.startswith(("#", "-")))


def _asked_first(lines: Sequence[str], asked: Sequence[str]) -> tuple[str, ...]:
    """The lines of a lock: first what the model itself asks for, then what came along."""
    names = {_name(line) for line in asked}
    return tuple(sorted(lines, key=lambda line: _name(line) not in names))


def _name(line: str) -> str:
    """The name of a requirement, spelled in one way."""
    found = re.match(r"[\w.-]+", line)
    return re.sub(r"[-_.]+", "-", found.group()).lower() if found else line


def _columns(told: Any) -> tuple[tuple[str, str], ...]:
    """Names and types of a signature's schema, which MLflow writes as JSON in YAML."""
    try:
        schema = json.loads(told) if isinstance(told, str) else told
    except ValueError:
        return ()
    if not isinstance(schema, list):
        return ()
    columns = [_mapping(each) for each in cast(list[Any], schema)]
    return tuple((str(each.get("name") or f"column {at}"), _type(each)) for at, each in enumerate(columns))


def _type(column: Mapping[str, Any]) -> str:
    tensor = _mapping(column.get("tensor-spec"))
    if tensor:
        return f"tensor of {tensor.get('dtype')}, shape {tensor.get('shape')}"
    optional = "" if column.get("required", True) else ", may be missing"
    return f"{column.get('type', 'unknown')}{optional}"


def _mapping(told: Any) -> Mapping[str, Any]:
    return cast(dict[str, Any], told) if isinstance(told, dict) else {}
