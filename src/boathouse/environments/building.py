"""Builds an environment: a virtual environment with the packages in which it differs from the platform's.

All other packages come from the platform's own environment, which lies behind it on ``sys.path``; so building takes as
long as what differs takes to install, and ``import boathouse`` works everywhere.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from boathouse.environments.dependencies import Dependencies
from boathouse.environments.platform import Platform, lock_key
from boathouse.environments.uv import run_uv

LOCK_FILE = "lock.txt"
_OURS = canonicalize_name("boathouse")


def resolve_lock(dependencies: Dependencies, platform: Platform) -> str:
    """The pinned requirements of the packages in which the environment differs from the platform's.

    Raises:
        NoNetwork, CannotResolve: As uv finds.
    """
    wanted = [each for each in dependencies.requirements if canonicalize_name(each.name) != _OURS]
    if _is_complete_lock(wanted, dependencies):
        lines = [dependencies.hashes[str(each)] for each in wanted]
    else:
        lines = _compile(wanted, dependencies, platform)
    return "".join(f"{line}\n" for line in sorted(lines) if not _same_as_platform(line, platform))


def export_uv_lock(lock: Path) -> list[str]:
    """The lines of a uv.lock as requirements with hashes."""
    arguments = ["export", "--frozen", "--no-dev", "--no-emit-project", "--no-header", "--no-annotate"]
    text = run_uv([*arguments, "--project", lock.parent], doing=f"read {lock.name}")
    return text.replace("\\\n", " ").splitlines()


def _is_complete_lock(wanted: list[Requirement], dependencies: Dependencies) -> bool:
    return bool(wanted) and all(str(each) in dependencies.hashes for each in wanted)


def _compile(wanted: list[Requirement], dependencies: Dependencies, platform: Platform) -> list[str]:
    """Resolve, preferring the platform's versions wherever the requirements allow them."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "requirements.in", Path(folder) / "requirements.txt"
        source.write_text("".join(f"{each}\n" for each in wanted))
        target.write_text(platform.lock)  # uv keeps what stands in its output file where it can
        arguments = ["pip", "compile", source, "--output-file", target, "--python", platform.python]
        options = ["--quiet", "--no-header", "--no-annotate", "--generate-hashes"]
        run_uv([*arguments, *options], doing="resolve the environment's dependencies")
        text = target.read_text().replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _same_as_platform(line: str, platform: Platform) -> bool:
    requirement = Requirement(line.split(" --hash", 1)[0].strip())
    return not platform.unsatisfied([requirement])


def build(lock: str, target: Path, platform: Platform) -> None:
    """Build the environment of a lock at ``target``; all of it or nothing."""
    with only_one(target):
        if (target / LOCK_FILE).exists():
            return
        draft = target.with_name(target.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        arguments = ["--relocatable", "--quiet", "--no-project", "--python", platform.python]
        run_uv(["venv", draft, *arguments], doing="make a virtual environment")
        _put_platform_behind(draft, platform)
        requirements = draft / "requirements.txt"
        requirements.write_text(lock)
        options = ["--no-deps", "--quiet", "--compile-bytecode", "--link-mode", "copy"]
        where = ["--python", draft / "bin" / "python"]
        run_uv(["pip", "install", *where, *options, "-r", requirements], doing="install the environment")
        (draft / LOCK_FILE).write_text(lock + _inherited(lock, platform))
        draft.rename(target)


def install_wheel(wheel: Path, target: Path, platform: Platform) -> None:
    """Unpack a local wheel into a folder of its own."""
    with only_one(target):
        if target.exists():
            return
        draft = target.with_name(target.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        options = ["--no-deps", "--quiet", "--no-index", "--compile-bytecode", "--python", platform.python]
        run_uv(["pip", "install", "--target", draft, *options, wheel], doing=f"install the wheel {wheel.name}")
        draft.rename(target)


def environment_lock_text(lock: str, platform: Platform) -> str:
    """Everything that can be imported in the environment of a lock."""
    return lock + _inherited(lock, platform)


def environment_key(lock: str, platform: Platform) -> str:
    return lock_key(environment_lock_text(lock, platform))


def _inherited(lock: str, platform: Platform) -> str:
    own = set(_names(lock.splitlines()))
    return "".join(line + "\n" for line in platform.lock.splitlines() if line.partition("==")[0] not in own)


def _names(lines: Iterable[str]) -> list[str]:
    return [canonicalize_name(Requirement(line.split(" --hash", 1)[0]).name) for line in lines if line.strip()]


def _put_platform_behind(venv: Path, platform: Platform) -> None:
    import sysconfig

    site_packages = next((venv / "lib").glob("python*/site-packages"))
    behind = sysconfig.get_paths()["purelib"]
    (site_packages / "zz_boathouse_platform.pth").write_text(f"import site; site.addsitedir({behind!r})\n")


@contextmanager
def only_one(target: Path) -> Generator[None]:
    """One builder at a time, over all processes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(target.name + ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
