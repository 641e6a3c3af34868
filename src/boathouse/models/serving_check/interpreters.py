"""Which Python a model is checked with: one that has what the model asks for."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from boathouse.environments import EnvironmentRequest, Environments
from boathouse.environments.platform import Platform
from boathouse.foundation.errors import InvalidInput, Unavailable
from boathouse.foundation.home import Home, locate_home

PLATFORM = "platform"
_REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python, and what it is called."""

    python: Path
    name: str = PLATFORM
    paths: tuple[Path, ...] = ()
    """Folders that come first on ``sys.path``."""


class FindInterpreter(Protocol):
    """Finds, or builds, the environment of a model's folder."""

    def __call__(self, folder: Path) -> Interpreter:
        """The interpreter.

        Raises:
            BoathouseError: What the model requires cannot be had here; the message says what.
        """
        ...


def find_interpreter(folder: Path, *, environments: Environments | None = None) -> Interpreter:
    """The Python of this process where it satisfies the model's requirements; else an environment that is built.

    Args:
        environments: Those of this home by default, where there is one.

    Raises:
        InvalidInput, Unavailable: What the model requires cannot be had here.
    """
    lines = required_by(folder)
    if environments is None:
        missing = _missing_here(lines)
        if not missing:
            return Interpreter(Path(sys.executable))
        home = locate_home()
        if home is None:
            raise Unavailable(
                f"The model requires {', '.join(missing[:5])}, which this environment does not have.",
                hint="Name it in models.<model>.deployment.environment, or check where a Boathouse home is.",
            )
        environments = Environments(home)
    found = environments.resolve(EnvironmentRequest(tuple(lines), folder))
    name = PLATFORM if found.python == Path(sys.executable) else found.key
    return Interpreter(found.python, name, found.paths)


def interpreters_of(home: Home) -> FindInterpreter:
    """As :func:`find_interpreter`, with the environments of a home."""
    environments = Environments(home)

    def find(folder: Path) -> Interpreter:
        return find_interpreter(folder, environments=environments)

    return find


def required_by(folder: Path) -> list[str]:
    """The lines of the model's ``requirements.txt``.

    Raises:
        InvalidInput: The file cannot be read.
    """
    file = folder / _REQUIREMENTS
    if not file.is_file():
        return []
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The model's {_REQUIREMENTS} cannot be read: {error}.") from error
    return [line for line in lines if line and not line.startswith("#")]


def _missing_here(lines: Sequence[str]) -> list[str]:
    """What this process's environment lacks of the lines; a line that is no plain requirement is not looked into."""
    from packaging.requirements import InvalidRequirement, Requirement

    wanted: list[Requirement] = []
    unread: list[str] = []
    for line in lines:
        try:
            requirement = Requirement(line.split(" --hash", 1)[0].partition(" #")[0].strip())
        except InvalidRequirement:
            unread.append(line)
            continue
        if requirement.marker is None or requirement.marker.evaluate():
            wanted.append(requirement)
    lacking = Platform().unsatisfied(wanted)
    return [f"{each.requirement} (here: {each.found or 'none'})" for each in lacking] + unread
