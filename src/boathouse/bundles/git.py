"""What Git knows of a folder: commit, branch, origin, and whether something is not committed."""

import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class GitFacts:
    """Where the code came from; all empty outside a repository."""

    commit: str | None = None
    branch: str | None = None
    """None on a detached head, as in most CI systems; see :func:`read_git`."""
    origin_url: str | None = None
    dirty: bool | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(data.get("commit"), data.get("branch"), data.get("origin_url"), data.get("dirty"))


CI_BRANCH_VARIABLES = ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILD_SOURCEBRANCH", "BRANCH_NAME")
"""CI systems check out a commit, not a branch, and name the branch here (GitHub, GitLab, Azure DevOps, Jenkins)."""


def read_git(folder: Path, environment: Mapping[str, str] | None = None) -> GitFacts:
    """The facts of the repository that holds ``folder``."""
    commit = git(folder, "rev-parse", "HEAD")
    if git(folder, "rev-parse", "--is-inside-work-tree") != "true":
        return GitFacts()
    branch = git(folder, "symbolic-ref", "--short", "-q", "HEAD")
    if branch is None and environment is not None:
        named = next((environment[name] for name in CI_BRANCH_VARIABLES if environment.get(name)), None)
        branch = named.removeprefix("refs/heads/") if named else None
    status = git(folder, "status", "--porcelain", "--", ".")
    return GitFacts(commit, branch, _without_password(git(folder, "remote", "get-url", "origin")), bool(status))


def git(folder: Path, *arguments: str) -> str | None:
    """What git prints, without the last line break; None when it fails or is not installed."""
    try:
        result = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip("\n") if result.returncode == 0 else None


def _without_password(url: str | None) -> str | None:
    """The URL as it may be stored: tokens that CI systems put into it stay out."""
    if url is None or "://" not in url:
        return url
    scheme, rest = url.split("://", 1)
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
