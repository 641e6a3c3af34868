"""The environments of tasks, found or built, and what each holds."""

import hashlib
import threading
import zipfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import Requirement

from boathouse.environments import building, locked
from boathouse.environments.dependencies import Dependencies, read_dependencies, require_within
from boathouse.environments.errors import EnvironmentDiffers, InvalidDependency
from boathouse.environments.platform import Platform, lock_key
from boathouse.environments.specs import EnvironmentRequest, PythonEnvironment
from boathouse.foundation.home import Home


class Environments:
    """Finds the Python environment that satisfies a request; builds it where the platform's own does not."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._platform = Platform()
        self._known: dict[tuple[EnvironmentRequest, str], PythonEnvironment] = {}
        self._lock = threading.Lock()

    def resolve(self, request: EnvironmentRequest) -> PythonEnvironment:
        """The environment of a request.

        Raises:
            InvalidDependency, DependencyFileNotFound: The request is wrong.
            NoNetwork, CannotResolve: Packages that the platform lacks cannot be had.
        """
        if not request.dependencies:
            return self._of_platform(())
        dependencies = read_dependencies(request)
        require_within([*dependencies.wheels, *dependencies.uv_locks], request.root)
        for lock in dependencies.uv_locks:
            self._add_uv_lock(lock, dependencies)
        known = (request, _fingerprint(dependencies))
        with self._lock:
            if found := self._known.get(known):
                return found
        environment = self._find_or_build(dependencies)
        with self._lock:
            self._known[known] = environment
        return environment

    def again(self, request: EnvironmentRequest, key: str) -> PythonEnvironment:
        """The environment that was used under this key, whatever the request would come to today.

        Raises:
            EnvironmentDiffers: Its lock is gone, or its packages cannot be had any more.
        """
        lock = self.environment_lock(key)
        if lock is None:
            raise EnvironmentDiffers(f"The lock of the environment {key} is gone.", hint="Train the model again.")
        base = locked.without_wheels(lock)
        wheels = tuple(self._home.environments / "wheels" / name for name in locked.wheels_of(lock))
        if all(wheel.is_dir() for wheel in wheels):
            if locked.packages_of(base) == locked.packages_of(self._platform.lock):
                return PythonEnvironment(key, self._platform.python, lock, wheels)
            folder = self._home.environments / lock_key(base)
            if locked.is_still_built(base, folder, self._platform):
                return PythonEnvironment(key, folder / "bin" / "python", lock, wheels)
        found = self.resolve(locked.pinned_request(base, request, self._platform))
        locked.require_same(key, lock, found)
        return found

    def environment_lock(self, key: str) -> str | None:
        """The lock of an environment that was used here, by its key."""
        if not key.isalnum():
            return None
        try:
            return (self._home.environments / key / building.LOCK_FILE).read_text()
        except FileNotFoundError:
            return None

    def _find_or_build(self, dependencies: Dependencies) -> PythonEnvironment:
        needed = [*dependencies.requirements, *_needed_by(dependencies.wheels)]
        wheels = tuple(self._wheel(wheel) for wheel in dependencies.wheels)
        if not self._platform.unsatisfied(needed):
            return self._of_platform(wheels)
        _refuse_other_boathouse(needed, self._platform)
        everything = Dependencies(needed, dependencies.hashes)
        lock = building.resolve_lock(everything, self._platform)
        key = building.environment_key(lock, self._platform)
        folder = self._home.environments / key
        if not (folder / building.LOCK_FILE).exists():
            building.build(lock, folder, self._platform)
        text = (folder / building.LOCK_FILE).read_text()
        return self._with_wheels(PythonEnvironment(key, folder / "bin" / "python", text), wheels)

    def _of_platform(self, wheels: tuple[Path, ...]) -> PythonEnvironment:
        lock = self._platform.lock
        return self._with_wheels(PythonEnvironment(lock_key(lock), self._platform.python, lock), wheels)

    def _with_wheels(self, environment: PythonEnvironment, wheels: tuple[Path, ...]) -> PythonEnvironment:
        """The same with wheels before it; its lock then names them with their hashes."""
        if wheels:
            names = "".join(f"{locked.WHEEL}{folder.name}\n" for folder in wheels)
            lock = environment.lock + names
            environment = PythonEnvironment(lock_key(lock), environment.python, lock, wheels)
        self._keep_lock(environment)
        return environment

    def _keep_lock(self, environment: PythonEnvironment) -> None:
        file = self._home.environments / environment.key / building.LOCK_FILE
        if file.exists():
            return
        with building.only_one(file.parent):
            file.parent.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(".new")
            draft.write_text(environment.lock)
            draft.replace(file)

    def _wheel(self, wheel: Path) -> Path:
        target = self._home.environments / "wheels" / hashlib.sha256(wheel.read_bytes()).hexdigest()[:32]
        if not target.exists():
            building.install_wheel(wheel, target, self._platform)
        return target

    def _add_uv_lock(self, lock: Path, dependencies: Dependencies) -> None:
        request = EnvironmentRequest(tuple(building.export_uv_lock(lock)), lock.parent)
        found = read_dependencies(request)
        dependencies.requirements += found.requirements
        dependencies.hashes |= found.hashes


def _needed_by(wheels: list[Path]) -> list[Requirement]:
    """What the wheels themselves require."""
    needed: list[Requirement] = []
    for wheel in wheels:
        for line in _metadata(wheel).get_all("Requires-Dist", []):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                needed.append(requirement)
    return needed


def _metadata(wheel: Path) -> Message:
    try:
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            return HeaderParser().parsestr(archive.read(name).decode())
    except (zipfile.BadZipFile, StopIteration) as error:
        raise InvalidDependency(f"{wheel.name} is not a wheel.", hint="Build it again.") from error


def _refuse_other_boathouse(needed: list[Requirement], platform: Platform) -> None:
    for missing in platform.unsatisfied([each for each in needed if each.name.lower() == "boathouse"]):
        raise InvalidDependency(
            f"The environment asks for {missing.requirement}, but this is Boathouse {missing.found}.",
            hint="Tasks use the Boathouse they run on; leave the version open.",
        )


def _fingerprint(dependencies: Dependencies) -> str:
    """What the request's files say now; they may be written anew."""
    digest = hashlib.sha256()
    for requirement in dependencies.requirements:
        digest.update(dependencies.hashes.get(str(requirement), str(requirement)).encode())
    for wheel in dependencies.wheels:
        digest.update(f"{wheel}:{wheel.stat().st_mtime_ns}:{wheel.stat().st_size}".encode())
    return digest.hexdigest()
