"""An environment once more, as its lock says: what a task that is done again runs in."""

from collections.abc import Iterable
from pathlib import Path

from packaging.utils import canonicalize_name

from boathouse.environments.errors import EnvironmentDiffers
from boathouse.environments.platform import Platform
from boathouse.environments.specs import EnvironmentRequest, PythonEnvironment

WHEEL = "# local wheel sha256:"
"""How a lock names a wheel of the bundle; the rest of the line is its folder."""

_OURS = "boathouse"
_MOST_NAMED = 5


def packages_of(lock: str) -> dict[str, str]:
    """Versions by package, as far as a lock pins them; without Boathouse itself: a task uses the one that runs it."""
    found: dict[str, str] = {}
    for line in lock.splitlines():
        name, pinned, rest = line.partition("==")
        if pinned and not line.startswith("#") and canonicalize_name(name) != _OURS:
            found[canonicalize_name(name)] = rest.partition(" ")[0].strip()
    return found


def wheels_of(lock: str) -> list[str]:
    """The folders of the local wheels that a lock names."""
    return [line.removeprefix(WHEEL).strip() for line in lock.splitlines() if line.startswith(WHEEL)]


def without_wheels(lock: str) -> str:
    return "".join(f"{line}\n" for line in lock.splitlines() if not line.startswith(WHEEL))


def is_still_built(base: str, folder: Path, platform: Platform) -> bool:
    """Whether the built environment is there, and what it takes from the platform's has not changed since."""
    if not (folder / "bin" / "python").exists():
        return False
    now = packages_of(platform.lock)
    inherited = packages_of("".join(f"{line}\n" for line in base.splitlines() if "--hash=" not in line))
    return all(now.get(name) == version for name, version in inherited.items())


def pinned_request(base: str, request: EnvironmentRequest, platform: Platform) -> EnvironmentRequest:
    """A request for exactly the packages of a lock, with the wheels of the original request."""
    now = packages_of(platform.lock)
    wanted = packages_of(base)
    lines = [
        line
        for line in base.splitlines()
        if (name := canonicalize_name(line.partition("==")[0])) in wanted and now.get(name) != wanted[name]
    ]
    wheels = [line for line in request.dependencies if line.strip().endswith(".whl") and " @ " not in line]
    return EnvironmentRequest((*lines, *wheels), request.root)


def require_same(key: str, lock: str, found: PythonEnvironment) -> None:
    """Refuse an environment that is not what the lock says.

    Raises:
        EnvironmentDiffers: The message names some of the packages that differ.
    """
    wanted, there = packages_of(lock), packages_of(found.lock)
    differing = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    if differing:
        raise EnvironmentDiffers(
            f"The environment {key} cannot be had again: {_told(differing, wanted, there)}.",
            hint="Run Boathouse in an environment with those versions, or let the task pin what it needs in a lock.",
        )
    if wheels_of(lock) != wheels_of(found.lock):
        raise EnvironmentDiffers(
            f"The environment {key} cannot be had again: the wheels of the bundle are not those that were used.",
            hint="Deploy the commit that the model was trained from.",
        )


def _told(names: Iterable[str], wanted: dict[str, str], there: dict[str, str]) -> str:
    known = list(names)
    told = [
        f"{name} was {wanted.get(name, 'not there')}, is {there.get(name, 'not there')}" for name in known[:_MOST_NAMED]
    ]
    more = len(known) - len(told)
    return "; ".join([*told, *([f"and {more} more"] if more else [])])
