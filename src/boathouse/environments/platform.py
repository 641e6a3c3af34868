"""The environment that Boathouse itself runs in: used at once for tasks that it satisfies."""

import hashlib
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version


def lock_key(lock: str) -> str:
    """The key under which an environment with this lock is known."""
    return hashlib.sha256(lock.encode()).hexdigest()[:16]


@dataclass(slots=True)
class Unsatisfied:
    """A requirement and what there is instead."""

    requirement: Requirement
    found: str | None


class Platform:
    """The packages of this process's environment, read once."""

    python = Path(sys.executable)

    @cached_property
    def versions(self) -> dict[str, str]:
        """Version by canonical name. Read from the names of the metadata folders: opening each takes a second."""
        found: dict[str, str] = {}
        for distribution in distributions():
            path = getattr(distribution, "_path", None)
            name, dash, version = Path(str(path)).name.removesuffix(".dist-info").partition("-")
            if not dash:
                name, version = distribution.metadata["Name"], distribution.version
            found.setdefault(canonicalize_name(name), version)
        return found

    @cached_property
    def lock(self) -> str:
        return "".join(f"{name}=={version}\n" for name, version in sorted(self.versions.items()))

    def unsatisfied(self, requirements: list[Requirement]) -> list[Unsatisfied]:
        """The requirements that this environment does not satisfy."""
        return [
            Unsatisfied(requirement, found)
            for requirement in requirements
            if not _satisfies(requirement, found := self.versions.get(canonicalize_name(requirement.name)))
        ]


def _satisfies(requirement: Requirement, version: str | None) -> bool:
    if version is None or requirement.url is not None:
        return False
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False
