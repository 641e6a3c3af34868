"""Code from Git repositories: one mirror per repository, one folder per commit, shared by all runs of a home."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from boathouse.foundation.errors import NotFound, Unavailable, did_you_mean
from boathouse.foundation.home import Home
from boathouse.jobs.git.source import is_local
from boathouse.jobs.settings import GitSource

_TIMEOUT_SECONDS = 900
_UNUSED_SECONDS = 30 * 24 * 3600
"""A commit that no task has used for so long is taken away; it can be had again from the mirror."""
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0")


class GitRefNotFound(NotFound):
    """The repository has no such branch, tag or commit."""


class GitCheckouts:
    """Finds out which commit is meant, and puts its files into a folder."""

    def __init__(self, home: Home) -> None:
        self._root = home.git

    def commit_of(self, source: GitSource) -> str:
        """The commit that a branch, tag or commit names now.

        Raises:
            GitRefNotFound: There is none.
            Unavailable: The repository cannot be reached, or git is not installed.
        """
        with self._mirror(source) as mirror:
            ref = _ref(source)
            known = _try(mirror, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
            if source.git_commit is None or not known:
                _fetch(mirror, source.git_url)
                known = _try(mirror, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
            if not known:
                raise _not_found(mirror, source)
            return known

    def folder(self, source: GitSource, commit: str) -> Path:
        """A folder with the files of a commit.

        Raises:
            GitRefNotFound: The repository does not have it any more.
        """
        with self._mirror(source) as mirror:
            folder = mirror.parent / "commits" / commit
            if not folder.exists():
                if not _try(mirror, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}"):
                    _fetch(mirror, source.git_url)
                _check_out(mirror, commit, folder)
                _forget_unused(folder)
            os.utime(folder)
            return folder

    @contextmanager
    def _mirror(self, source: GitSource) -> Generator[Path]:
        """The mirror of a repository, for one process at a time."""
        place = self._root / hashlib.sha256(source.git_url.encode()).hexdigest()[:24]
        (place / "commits").mkdir(parents=True, exist_ok=True)
        mirror = place / "mirror.git"
        with (place / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (mirror / "HEAD").exists():
                _git(place, "init", "--quiet", "--bare", "mirror.git")
            yield mirror


def _fetch(mirror: Path, url: str) -> None:
    refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
    _git(mirror, "fetch", "--quiet", "--prune", "--no-tags", "--no-recurse-submodules", "--", url, *refs, url=url)


def _check_out(mirror: Path, commit: str, folder: Path) -> None:
    """Write the files; the folder appears when all of them are there."""
    draft, index = folder.with_name(f"{commit}.new"), mirror / "boathouse.index"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    index.unlink(missing_ok=True)
    _git(mirror, "read-tree", commit, index=index)
    _git(mirror, "--work-tree", str(draft), "checkout-index", "--all", "--force", index=index)
    draft.rename(folder)


def _forget_unused(folder: Path) -> None:
    before = time.time() - _UNUSED_SECONDS
    for other in folder.parent.iterdir():
        if other != folder and other.stat().st_mtime < before:
            shutil.rmtree(other, ignore_errors=True)


def _ref(source: GitSource) -> str:
    if source.git_branch is not None:
        return f"refs/heads/{source.git_branch}"
    return f"refs/tags/{source.git_tag}" if source.git_tag is not None else str(source.git_commit)


def _not_found(mirror: Path, source: GitSource) -> GitRefNotFound:
    if source.git_commit is not None:
        return GitRefNotFound(
            f"{source.git_url} has no commit {source.git_commit} on any branch or tag.", hint="Has it been pushed?"
        )
    kind, name, place = ("tag", source.git_tag, "tags") if source.git_tag else ("branch", source.git_branch, "heads")
    known = _git(mirror, "for-each-ref", "--format=%(refname:lstrip=2)", f"refs/{place}").splitlines()
    hint = did_you_mean(str(name), known) or (f"It has {', '.join(known[:10])}." if known else "It has none.")
    return GitRefNotFound(f"{source.git_url} has no {kind} {name!r}.", hint=hint)


def _try(mirror: Path, *arguments: str) -> str | None:
    done = _run(mirror, arguments, None, None)
    return done.stdout.strip() if done.returncode == 0 else None


def _git(folder: Path, *arguments: str, url: str | None = None, index: Path | None = None) -> str:
    done = _run(folder, arguments, url, index)
    if done.returncode:
        reason = done.stderr.strip() or f"git ended with exit code {done.returncode}"
        if url is not None:
            raise Unavailable(f"The repository {url} cannot be fetched.\n{reason}", hint=_advice(reason))
        raise Unavailable(f"git {arguments[0]} failed.\n{reason}")
    return done.stdout


def _run(
    folder: Path, arguments: tuple[str, ...], url: str | None, index: Path | None
) -> "subprocess.CompletedProcess[str]":
    """Run git so that it asks nobody anything, runs no hooks, and speaks no other protocols than allowed."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    variables |= {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new",
        "GIT_ALLOW_PROTOCOL": "file" if url is not None and is_local(url) else "https:http:ssh",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "LC_ALL": "C",
    }
    if index is not None:
        variables["GIT_INDEX_FILE"] = str(index)
    command = ["git", *_SAFE, *arguments]
    try:
        return subprocess.run(
            command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=_TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise Unavailable("The command git is not installed on the worker's machine.") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"git {arguments[0]} took longer than {_TIMEOUT_SECONDS} s.") from error


def _advice(reason: str) -> str:
    lowered = reason.lower()
    if "authentication" in lowered or "could not read" in lowered or "permission denied" in lowered:
        return "Let git on the worker's machine know how to sign in: a credential helper, or an ssh key."
    if "not found" in lowered or "does not exist" in lowered or "not appear to be a git" in lowered:
        return "Is the URL right?"
    return "Can the worker's machine reach it?"
