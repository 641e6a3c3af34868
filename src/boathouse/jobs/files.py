"""Where a task's code is: below the snapshot of its deployment, and nowhere else."""

from pathlib import Path

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.jobs.records import DeploymentRef

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
    where = f" in the deployment of bundle {deployment.bundle}" if deployment and root else ""
    raise TaskFileNotFound(
        f"There is no file {path}{where}.",
        hint="Deploy the bundle again." if root else "The file must be on the machine of the worker.",
    )


def source_root(deployment: DeploymentRef | None) -> Path | None:
    """The deployed folder; a bundle without files has none."""
    return Path(deployment.source_root) if deployment and deployment.source_root else None


def _within(path: str, root: Path) -> Path:
    root = root.resolve()
    resolved = (root / path).resolve()
    if not resolved.is_relative_to(root):
        raise FileOutside(f"The path {path!r} leads out of the deployed folder.", hint="Keep the file in the bundle.")
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
