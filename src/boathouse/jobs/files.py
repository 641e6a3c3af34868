"""Where a task's code is: below the snapshot of its deployment, and nowhere else."""

from dataclasses import replace
from pathlib import Path

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.jobs.records import DeploymentRef
from boathouse.jobs.settings import GitSource

NOTEBOOK_SUFFIXES = ("", ".py", ".ipynb")
"""What a notebook is often named without."""


class FileOutside(InvalidInput):
    """A path that leads out of the deployed folder."""


class TaskFileNotFound(NotFound):
    """A task names a file that is not there."""


def task_file(path: str, deployment: DeploymentRef | None, *, suffixes: tuple[str, ...] = ("",)) -> Path:
    """The file that a task means; ``suffixes`` are tried in turn, since a notebook is often named without its own.

    Raises:
        FileOutside: The path leads out of the deployment, or is relative without one.
        TaskFileNotFound: There is no such file.
    """
    root = source_root(deployment)
    base = _within(path, root) if root else _absolute(path)
    for suffix in suffixes:
        candidate = base.with_name(base.name + suffix)
        if candidate.is_file():
            return candidate
    raise TaskFileNotFound(f"There is no file {path}{_described(deployment)}.", hint=_advice(deployment))


def source_root(deployment: DeploymentRef | None) -> Path | None:
    """The deployed folder; a bundle without files has none."""
    return Path(deployment.source_root) if deployment and deployment.source_root else None


def code_from_git(deployment: DeploymentRef | None, source: GitSource, commit: str, folder: Path) -> DeploymentRef:
    """Where the code of a commit is; the bundle stays that of the job, if it has one."""
    known = deployment or DeploymentRef("", "", "", "")
    return replace(
        known,
        source_root=str(folder),
        git_commit=commit,
        git_branch=source.git_branch,
        git_origin=source.git_url,
        git_dirty=False,
        is_from_git=True,
    )


def _described(deployment: DeploymentRef | None) -> str:
    if deployment is None or not deployment.source_root:
        return ""
    if deployment.is_from_git:
        return f" in {deployment.git_origin} at commit {deployment.git_commit}"
    return f" in the deployment of bundle {deployment.bundle}"


def _advice(deployment: DeploymentRef | None) -> str:
    if deployment is None or not deployment.source_root:
        return "The file must be on the machine of the worker."
    if deployment.is_from_git:
        return "Paths begin at the top of the repository."
    return "Deploy the bundle again."


def _within(path: str, root: Path) -> Path:
    root = root.resolve()
    resolved = (root / path).resolve()
    if not resolved.is_relative_to(root):
        raise FileOutside(
            f"The path {path!r} leads out of the deployed folder.", hint="Keep the file in the bundle or repository."
        )
    return resolved


def _absolute(path: str) -> Path:
    if ".." in Path(path).parts:
        raise FileOutside(f"The path {path!r} contains '..'.", hint="Write the path without it.")
    if not Path(path).is_absolute():
        raise FileOutside(
            f"The path {path!r} is relative, but this job was not deployed by a bundle.",
            hint="Write an absolute path, or deploy the job in a bundle.",
        )
    return Path(path)
