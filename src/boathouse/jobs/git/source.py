"""``git_source``: which tasks take their code from a Git repository, and which repositories may be named."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from boathouse.foundation.errors import Denied
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import Problem
from boathouse.foundation.yaml_source import KeyPath
from boathouse.jobs.settings import GitSource, JobSettings, Source, Task

_REMOTE_SCHEMES = ("https", "http", "ssh")
_SSH_SHORT = re.compile(r"[A-Za-z0-9][\w.\-]*@[A-Za-z0-9][\w.\-]*:(?!:)[^\s:]\S*")
"""``git@host:team/project.git``."""
_REF = re.compile(r"[A-Za-z0-9_][\w./\-+@#=]*")
_COMMIT = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)


def uses_git(task: Task, settings: JobSettings) -> bool:
    """Whether the task's files come from the job's Git source: where it says so, and where it says nothing and the job
    has one, as on Databricks."""
    for details in (task.spark_python_task, task.notebook_task, task.sql_task and task.sql_task.file):
        if details is not None:
            return settings.git_source is not None and details.source in (None, Source.GIT)
    return False


def is_local(url: str) -> bool:
    """Whether the repository is a folder of the worker's machine."""
    return url.startswith(("/", "file:"))


def require_may_use(principal: Principal, source: GitSource) -> None:
    """
    Raises:
        Denied: The repository is a folder of the machine, and the job does not run as an administrator.
    """
    if is_local(source.git_url) and not principal.is_admin:
        raise Denied(
            f"{principal} may not run code from {source.git_url}: it is a folder of the worker's machine.",
            hint="Only jobs that run as an administrator may. Use an https or ssh URL.",
        )


def problems_of_git_source(settings: JobSettings) -> Iterator[Problem]:
    """Everything that is wrong with where the code comes from."""
    source = settings.git_source
    if source is not None:
        yield from _source_problems(source, ("git_source",))
        return
    for index, task in enumerate(settings.tasks):
        inner = task.for_each_task.task if task.for_each_task is not None else task
        for kind in ("spark_python_task", "notebook_task", "sql_task"):
            details = getattr(inner, kind)
            details = getattr(details, "file", None) if kind == "sql_task" else details
            if details is not None and details.source is Source.GIT:
                yield Problem(("tasks", index, kind, "source"), "source is GIT, but the job has no git_source.")


def _source_problems(source: GitSource, path: KeyPath) -> Iterator[Problem]:
    if problem := _url_problem(source.git_url):
        yield Problem((*path, "git_url"), *problem)
    given = [field for field in ("git_branch", "git_tag", "git_commit") if getattr(source, field) is not None]
    if len(given) != 1:
        yield Problem(path, "exactly one of git_branch, git_tag and git_commit is needed.")
    for field in given:
        text = str(getattr(source, field))
        pattern = _COMMIT if field == "git_commit" else _REF
        if not pattern.fullmatch(text) or ".." in text or text.endswith((".lock", "/", ".")):
            yield Problem((*path, field), f"{text[:100]!r} is no name of a {field.removeprefix('git_')}.")


def _url_problem(url: str) -> tuple[str, str | None] | None:
    hint = "Use https://host/team/project.git or git@host:team/project.git."
    if url.startswith("-") or not url.isprintable() or re.search(r"\s", url):
        return "this is no URL.", hint
    if "::" in url:
        return "transport helpers ('name::address') are not allowed.", hint
    if _SSH_SHORT.fullmatch(url) or url.startswith("/"):
        return None
    parts = urlsplit(url)
    if parts.scheme == "file":
        return None if parts.path.startswith("/") and not parts.netloc else ("a file URL is file:///path.", None)
    if parts.scheme not in _REMOTE_SCHEMES:
        return f"{parts.scheme or 'a path'} cannot be fetched from.", hint
    host = parts.hostname or ""
    if not host or host.startswith("-") or (parts.username or "").startswith("-"):
        return "this URL names no host.", hint
    if parts.password is not None:
        return "this URL holds a password, which everybody who sees the job could read.", (
            "Let git on the worker's machine know it (a credential helper, or an ssh key)."
        )
    return None
