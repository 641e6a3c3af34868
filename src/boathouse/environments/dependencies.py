"""Reads dependency lines: requirements, locks in other files, and local wheels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from boathouse.environments.errors import DependencyFileNotFound, InvalidDependency
from boathouse.environments.specs import EnvironmentRequest

_HASH = re.compile(r"\s--hash=\S+")
_COMMENT = re.compile(r"(^|\s)#.*$")
_HARMLESS_OPTIONS = ("--index-url", "-i ", "--extra-index-url", "--find-links", "-f ", "--no-index", "--pre")


@dataclass(slots=True)
class Dependencies:
    """What the lines of a request come to."""

    requirements: list[Requirement] = field(default_factory=list[Requirement])
    hashes: dict[str, str] = field(default_factory=dict[str, str])
    """For pinned requirements of a lock: the requirement as text -> its whole line with hashes."""
    wheels: list[Path] = field(default_factory=list[Path])
    uv_locks: list[Path] = field(default_factory=list[Path])


def read_dependencies(request: EnvironmentRequest) -> Dependencies:
    """Read all lines of a request and of the files they name.

    Raises:
        InvalidDependency: A line is no requirement, or a path leads out of the deployed folder.
        DependencyFileNotFound: A named file does not exist.
    """
    found = Dependencies()
    for line in request.dependencies:
        _read_line(line, request.root, found, "the environment's dependencies", depth=0)
    return found


def _read_line(line: str, folder: Path | None, found: Dependencies, where: str, *, depth: int) -> None:
    text = _COMMENT.sub("", line).strip()
    if not text or text.startswith(_HARMLESS_OPTIONS):
        return
    if text.startswith(("-r", "--requirement", "-c", "--constraint")):
        _read_file(_option_value(text), folder, found, depth=depth)
    elif text.endswith(".whl") and " @ " not in text:
        found.wheels += _wheels(text, folder)
    elif text.startswith(("-", ".", "/")):
        raise InvalidDependency(
            f"The line {text!r} of {where} is not supported.", hint="Use requirements, -r FILE, or the path of a wheel."
        )
    else:
        requirement = _requirement(_HASH.sub("", text).strip(), where)
        if requirement.marker is None or requirement.marker.evaluate():
            found.requirements.append(requirement)
            if "--hash=" in text:
                found.hashes[str(requirement)] = text


def _read_file(named: str, folder: Path | None, found: Dependencies, *, depth: int) -> None:
    file = _locate(named, folder)
    if not file.is_file():
        raise DependencyFileNotFound(f"There is no file {named} for the environment's dependencies.")
    if depth > 10:
        raise InvalidDependency(f"The requirements file {named} names itself.")
    if file.name == "uv.lock":
        found.uv_locks.append(file)
        return
    for line in _logical_lines(file):
        _read_line(line, file.parent, found, named, depth=depth + 1)


def _logical_lines(file: Path) -> Iterator[str]:
    pending = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.rstrip().endswith("\\"):
            pending += line.rstrip()[:-1] + " "
        else:
            yield pending + line
            pending = ""
    if pending:
        yield pending


def _option_value(text: str) -> str:
    for option in ("--requirement", "--constraint", "-r", "-c"):
        if text.startswith(option):
            return text[len(option) :].lstrip(" =").strip("\"'")
    raise AssertionError(text)


def _requirement(text: str, where: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise InvalidDependency(f"The line {text!r} of {where} is no requirement: {reason}.") from error


def _locate(named: str, folder: Path | None) -> Path:
    path = Path(named)
    if folder is None:
        if not path.is_absolute():
            raise InvalidDependency(f"The path {named!r} is relative, but this job was not deployed by a bundle.")
        return path
    return folder / path


def _wheels(named: str, folder: Path | None) -> list[Path]:
    pattern = _locate(named, folder)
    found = sorted(pattern.parent.glob(pattern.name)) if pattern.parent.is_dir() else []
    if not found:
        raise DependencyFileNotFound(f"There is no wheel {named}.", hint="Build it, then deploy again.")
    return found


def require_within(paths: list[Path], root: Path | None) -> None:
    """Refuse files outside the deployed folder.

    Raises:
        InvalidDependency: A path leads out of it.
    """
    for path in paths if root else ():
        if root and not path.resolve().is_relative_to(root.resolve()):
            raise InvalidDependency(f"The path {path} leads out of the deployed folder.")
