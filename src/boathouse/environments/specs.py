"""What an environment is asked to hold."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EnvironmentRequest:
    """Dependencies as lines of a requirements file; paths in them are relative to ``root`` and stay within it."""

    dependencies: tuple[str, ...] = ()
    root: Path | None = None
    """The deployed folder; None when there is none, and then paths are absolute."""


@dataclass(frozen=True, slots=True)
class PythonEnvironment:
    """An interpreter with packages, and exactly which."""

    key: str
    """Hash of the lock."""
    python: Path
    lock: str
    paths: tuple[Path, ...] = ()
    """Folders that come first on ``sys.path``: wheels of the bundle that lie beside the environment."""
