"""New projects: a folder that validates, tests, deploys and runs before anything in it has been changed."""

import keyword
import re
import shutil
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

from boathouse.foundation.errors import AlreadyExists, InvalidInput
from boathouse.foundation.ids import new_id

TEMPLATE = "default"
MAX_NAME = 50
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]|[A-Za-z]")
_OWN_PACKAGES = frozenset({"boathouse", "mlflow", "polars", "numpy", "pandas", "sklearn", "tests", "src", "data"})


def create_project(name: str, folder: Path) -> Path:
    """Write a new project into ``folder``; it appears complete or not at all.

    Raises:
        InvalidInput: The name cannot be the name of a bundle and of a Python package.
        AlreadyExists: The folder is not empty.
    """
    package = package_name(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AlreadyExists(f"{folder} exists and is not empty.", hint="Choose another --output-dir.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.parent / f".{folder.name}-{new_id()[:8]}"
    try:
        for target, content in rendered(name, package):
            file = unfinished / target
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        if folder.exists():
            folder.rmdir()
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def package_name(name: str) -> str:
    """The Python package of a project.

    Raises:
        InvalidInput: The name does not fit.
    """
    if len(name) > MAX_NAME:
        raise InvalidInput(f"The name of a project has at most {MAX_NAME} characters; this one has {len(name)}.")
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} cannot be the name of a project.", hint=f"{_RULE} For example: {suggestion(name)}"
        )
    package = name.lower().replace("-", "_")
    if keyword.iskeyword(package) or package in _OWN_PACKAGES:
        raise InvalidInput(
            f"{name!r} cannot be the name of a project: Python or this project uses it already.",
            hint=f"For example: {package}_project",
        )
    return package


_RULE = "Letters, digits, hyphens and underscores, beginning with a letter."


def suggestion(name: str) -> str:
    """A name that fits and is as close as can be."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").lower()
    plain = plain if plain[:1].isalpha() else f"project_{plain}".rstrip("_")
    return plain[:MAX_NAME].rstrip("_")


def rendered(name: str, package: str) -> Iterator[tuple[str, bytes]]:
    """The files of the template with the project's names, by their paths in the project.

    Only two words are replaced; ``${...}`` and ``{{...}}`` mean something to others and stay as they are. In the
    template ``dot_`` stands for a leading dot and ``.template`` hides a file from the tools that check us.
    """
    with as_file(files("boathouse.bundles") / "templates" / TEMPLATE) as root:
        for file in sorted(root.rglob("*")):
            if not file.is_file() or {"__pycache__", ".ruff_cache"} & set(file.parts):
                continue
            target = file.relative_to(root).as_posix().replace("PROJECT_PACKAGE", package).removesuffix(".template")
            visible = "/".join(re.sub(r"^dot_", ".", part) for part in target.split("/"))
            text = file.read_text(encoding="utf-8").replace("PROJECT_PACKAGE", package).replace("PROJECT_NAME", name)
            yield visible, text.encode()
