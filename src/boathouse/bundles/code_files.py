"""Which files of a bundle are deployed, and packing them.

What Git ignores stays at home; ``sync.include`` brings a file in all the same and ``sync.exclude`` leaves one out.
The name of a snapshot is a hash of what is in it, so the same files are stored once and never sent twice.
"""

import hashlib
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

from boathouse.bundles.git import git
from boathouse.foundation.errors import InvalidInput

NEVER = (
    ".git", ".boathouse", ".databricks", ".venv", "venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache",
    ".hypothesis", ".ipynb_checkpoints", "node_modules", ".DS_Store",
)  # fmt: skip
"""Names of files and folders that are never code."""


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A file and its name in the snapshot."""

    name: str
    path: Path


def code_files(
    root: Path, include: Sequence[str] = (), exclude: Sequence[str] = (), extra: Iterable[Path] = ()
) -> list[CodeFile]:
    """The files to deploy, sorted by name. ``extra`` are built files, which Git usually ignores.

    Raises:
        InvalidInput: A link leads out of the bundle's folder.
    """
    names = {name for name in _not_ignored(root) if not set(Path(name).parts) & set(NEVER)}
    for pattern in include:
        if pattern.startswith("!"):
            exclude = [*exclude, pattern[1:]]
        else:
            names |= {file.relative_to(root).as_posix() for file in _glob(root, pattern)}
    names = {name for name in names if not any(_matches(name, pattern) for pattern in exclude)}
    names |= {file.relative_to(root).as_posix() for file in extra}
    return [CodeFile(name, _inside(root, name)) for name in sorted(names) if (root / name).is_file()]


def snapshot_hash(files: Iterable[CodeFile]) -> str:
    """A hash over names, contents and the right to be executed; nothing else of a file matters."""
    total = hashlib.sha256()
    for file in files:
        with file.path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        executable = "x" if file.path.stat().st_mode & 0o100 else "-"
        total.update(f"{content} {executable} {file.name}\n".encode())
    return total.hexdigest()


def pack(files: Iterable[CodeFile]) -> IO[bytes]:
    """A compressed archive of the files, in a temporary file that disappears when it is closed."""
    archive = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1, format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            info = tarfile.TarInfo(file.name)
            status = file.path.stat()
            info.size, info.mode = status.st_size, 0o755 if status.st_mode & 0o100 else 0o644
            with file.path.open("rb") as stream:
                tar.addfile(info, stream)
    archive.seek(0)
    return archive


def _not_ignored(root: Path) -> list[str]:
    listed = git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    if listed is None:
        listed = _listed_without_repository(root)
    if listed is None:
        return [file.relative_to(root).as_posix() for file in _glob(root, "**/*")]
    return [name for name in listed.split("\0") if name]


def _listed_without_repository(root: Path) -> str | None:
    """What Git would list if the folder were a repository: it honours ``.gitignore`` all the same."""
    with tempfile.TemporaryDirectory(prefix="boathouse-git-") as folder:
        if git(root, "init", "--quiet", "--bare", folder) is None:
            return None
        return git(root, f"--git-dir={folder}", f"--work-tree={root}", "ls-files", "-o", "--exclude-standard", "-z")


def _glob(root: Path, pattern: str) -> list[Path]:
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise InvalidInput(f"sync: the pattern {pattern!r} leads out of the bundle's folder.")
    matches = list(root.glob(pattern))
    inner = [file for match in matches if match.is_dir() for file in match.rglob("*")]
    return [file for file in {*matches, *inner} if file.is_file() and not set(file.parts) & {".git", ".boathouse"}]


def _matches(name: str, pattern: str) -> bool:
    """Whether a pattern as in ``.gitignore`` means this file: its whole name, a folder above it, or the last part."""
    pattern = pattern.removeprefix("./").rstrip("/")
    folders = [parent.as_posix() for parent in Path(name).parents if parent != Path()]
    short = [Path(part).name for part in (name, *folders)] if "/" not in pattern else []
    spelled = [name, *folders, *short]
    return any(fnmatch(one, variant) for one in spelled for variant in (pattern, pattern.replace("**/", "")))


def _inside(root: Path, name: str) -> Path:
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise InvalidInput(
            f"{name} is a link that leads out of the bundle's folder.",
            hint="Copy the file into the bundle, or leave it out with sync.exclude.",
        )
    return path
