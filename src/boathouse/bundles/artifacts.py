"""Building what a bundle ships besides its sources: wheels, by uv, with no network where that is possible."""

import os
import subprocess
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from boathouse.bundles.configuration import Bundle
from boathouse.bundles.document import ArtifactShape
from boathouse.bundles.local_files import replace_text, wheel_globs
from boathouse.bundles.nodes import Node
from boathouse.foundation.errors import BoathouseError, InvalidInput, Unavailable

REPRODUCIBLE_TIME = "315532800"
"""1980-01-01, the oldest instant a zip file can hold: the same sources give the same bytes."""


class BuildFailed(BoathouseError):
    """An artifact's build command did not succeed."""

    error_code = "INVALID_PARAMETER_VALUE"


def build_artifacts(bundle: Bundle) -> tuple[Bundle, list[Path]]:
    """Build everything under ``artifacts``; gives the bundle with patterns such as ``dist/*.whl`` resolved to the files
    that were built, and those files.

    Raises:
        BuildFailed: A command failed; the message ends with what it printed.
    """
    built = [file for name, artifact in bundle.artifacts.items() for file in _build(bundle.root, name, artifact)]
    resources = {one: _with_built(bundle.root, node, built) for one, node in bundle.resources.items()}
    return replace(bundle, resources=resources), built


def _build(root: Path, name: str, artifact: ArtifactShape) -> list[Path]:
    folder = root / artifact.path
    started = time.time() - 2  # file systems with coarse clocks
    if artifact.build:
        shell = artifact.executable if artifact.executable in ("bash", "sh") else "sh"
        _run(name, [shell, "-c", artifact.build], folder)
    elif artifact.type == "whl":
        _build_wheel(name, folder)
    patterns = [file.source for file in artifact.files or ()] or ["dist/*.whl"]
    found = sorted({file for pattern in patterns for file in folder.glob(pattern) if file.is_file()})
    fresh = [file for file in found if file.stat().st_mtime >= started]
    if not found:
        raise BuildFailed(f"The artifact {name} was built, but there is no file {' or '.join(patterns)} in {folder}.")
    return fresh or found


def _build_wheel(name: str, folder: Path) -> None:
    command = [_uv(), "build", "--wheel", "--quiet", "--out-dir", str(folder / "dist"), str(folder)]
    try:
        _run(name, [*command, "--offline"], folder)
    except BuildFailed as offline:
        # The build backend is not in uv's cache. Where there is a network it can be fetched once.
        try:
            _run(name, command, folder)
        except BuildFailed as error:
            raise error from offline


def _run(name: str, command: list[str], folder: Path) -> None:
    environment = {"SOURCE_DATE_EPOCH": REPRODUCIBLE_TIME, **os.environ}
    try:
        result = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        raise Unavailable(f"The artifact {name} cannot be built: {command[0]} does not start ({error}).") from error
    if result.returncode != 0:
        tail = "\n".join(result.stdout.splitlines()[-20:])
        raise BuildFailed(f"Building the artifact {name} failed (exit code {result.returncode}):\n{tail}")


def _uv() -> str:
    import uv

    return uv.find_uv_bin()


def _with_built(root: Path, node: Node, built: Iterable[Path]) -> Node:
    for path, pattern in list(wheel_globs(node)):
        matches = [file for file in built if file in set(root.glob(pattern))] or sorted(root.glob(pattern))
        if not matches:
            raise InvalidInput(f"{node.nearest(path).where}: no file matches {pattern}.")
        newest = max(matches, key=lambda file: file.stat().st_mtime)
        node = replace_text(node, path, newest.relative_to(root).as_posix())
    return node
