"""Everything about a job definition that its shape alone cannot say."""

from collections.abc import Iterator, Mapping
from typing import Any

from boathouse.foundation.errors import did_you_mean
from boathouse.foundation.shapes import DoesNotFit, Problem, fit
from boathouse.foundation.yaml_source import KeyPath
from boathouse.jobs import references
from boathouse.jobs.executing.flow import Known, problems_of_flow
from boathouse.jobs.executing.secret_references import problems_of_secrets, problems_of_variables
from boathouse.jobs.git.source import problems_of_git_source
from boathouse.jobs.graph import problems_of_graph
from boathouse.jobs.settings import JobSettings, Library, SqlTask, Task
from boathouse.jobs.starting.checking import problems_of_starting
from boathouse.jobs.telling.checking import problems_of_telling

PROCESS_KINDS = ("notebook_task", "python_wheel_task", "spark_python_task", "sql_task")
KINDS = (*PROCESS_KINDS, "condition_task", "for_each_task", "run_job_task")
"""The kinds of task that run here."""

UNSUPPORTED_KINDS = tuple(name for name in Task.model_fields if name.endswith("_task") and name not in KINDS)
LONGEST_NAME = 4096
LONGEST_SECONDS = 10 * 364 * 24 * 3600
"""Ten years, about as long as a token may live; a task has one."""
MAXIMUM_TASKS = 5000
"""Databricks allows 1,000."""


def read_job(data: Mapping[str, Any]) -> JobSettings:
    """Read a job definition.

    Raises:
        DoesNotFit: It does not fit; all problems are listed at once.
    """
    return checked(fit(JobSettings, data, what="The job"))


def checked(settings: JobSettings) -> JobSettings:
    """The same settings, known to be runnable.

    Raises:
        DoesNotFit: Tasks are missing, contradict each other or need what we do not have.
    """
    if problems := problems_of_job(settings):
        raise DoesNotFit(f"The job {settings.name!r}", problems)
    return settings


def problems_of_job(settings: JobSettings) -> list[Problem]:
    """All problems, each with the path of the field it is about."""
    problems = list(_general_problems(settings))
    problems += problems_of_starting(settings)
    problems += problems_of_telling(settings)
    problems += problems_of_graph(settings.tasks)
    known = Known.of(settings)
    for index, task in enumerate(settings.tasks):
        problems += _task_problems(task, ("tasks", index), known)
        problems += problems_of_telling(task, ("tasks", index))
    return problems


def kind_of(task: Task) -> str:
    """The name of the one field that says what the task does."""
    return next(kind for kind in KINDS if getattr(task, kind) is not None)


def tasks_within(settings: JobSettings) -> Iterator[tuple[KeyPath, Task]]:
    """Every task with its place, those within loops too."""
    for index, task in enumerate(settings.tasks):
        yield ("tasks", index), task
        if task.for_each_task is not None:
            yield ("tasks", index, "for_each_task", "task"), task.for_each_task.task


def _general_problems(settings: JobSettings) -> Iterator[Problem]:
    if not settings.name.strip() or not settings.name.isprintable():
        yield Problem(("name",), "a name has at least one letter, and no line breaks or other control characters.")
    if len(settings.name) > LONGEST_NAME:
        yield Problem(("name",), f"{len(settings.name)} characters are more than the {LONGEST_NAME} of a name.")
    if not settings.tasks:
        yield Problem(("tasks",), "a job needs at least one task.")
    if len(settings.tasks) > MAXIMUM_TASKS:
        yield Problem(("tasks",), f"{len(settings.tasks)} tasks are more than the {MAXIMUM_TASKS} a job can have.")
    yield from _too_long(settings.timeout_seconds, ("timeout_seconds",))
    yield from problems_of_git_source(settings)
    yield from problems_of_variables(settings)
    yield from _repeated(("parameters", "name"), [each.name for each in settings.parameters])
    yield from _repeated(("environments", "environment_key"), [each.environment_key for each in settings.environments])
    if settings.run_as is not None and settings.run_as.group_name is not None:
        yield Problem(("run_as", "group_name"), "a job cannot run as a group.", "Name a user or a service principal.")
    if settings.run_as is not None and bool(settings.run_as.user_name) == bool(settings.run_as.service_principal_name):
        yield Problem(("run_as",), "exactly one of user_name and service_principal_name is needed.")


def _too_long(seconds: float, path: KeyPath) -> Iterator[Problem]:
    if seconds > LONGEST_SECONDS:
        yield Problem(path, f"{seconds:g} s are more than the {LONGEST_SECONDS} s that anything here may take.")


def _repeated(where: tuple[str, str], names: list[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield Problem((where[0], index, where[1]), f"{name!r} is said for the second time.")
        seen.add(name)


def _task_problems(task: Task, path: KeyPath, known: Known) -> Iterator[Problem]:
    yield from _kind_problems(task, path)
    yield from _too_long(task.timeout_seconds, (*path, "timeout_seconds"))
    yield from _too_long(task.min_retry_interval_millis / 1000, (*path, "min_retry_interval_millis"))
    yield from problems_of_flow(task, path, known)
    if task.environment_key is not None and task.environment_key not in known.environments:
        yield Problem(
            (*path, "environment_key"),
            f"the job has no environment {task.environment_key!r}.",
            did_you_mean(task.environment_key, known.environments),
        )
    for index, library in enumerate(task.libraries):
        yield from _library_problems(library, (*path, "libraries", index))
    yield from problems_of_secrets(task, path)
    yield from _reference_problems(task, path, known)
    loop = task.for_each_task
    if loop is not None and loop.task.for_each_task is None:
        yield from _task_problems(loop.task, (*path, "for_each_task", "task"), known.within_loop(task))


def _kind_problems(task: Task, path: KeyPath) -> Iterator[Problem]:
    for kind in UNSUPPORTED_KINDS:
        if getattr(task, kind) is not None:
            yield Problem((*path, kind), f"{kind} is not supported yet.", f"Boathouse runs {', '.join(KINDS)}.")
            return
    said = [kind for kind in KINDS if getattr(task, kind) is not None]
    if len(said) != 1:
        found = " and ".join(said) if said else "none"
        message = f"a task does exactly one thing; the task {task.task_key!r} has {found}."
        yield Problem(path, message, f"Give it one of {', '.join(KINDS)}.")
        return
    details = getattr(task, said[0])
    if isinstance(details, SqlTask):
        yield from _sql_problems(details, (*path, "sql_task"))
    wheel = task.python_wheel_task
    if wheel is not None and wheel.parameters and wheel.named_parameters:
        yield Problem((*path, said[0]), "parameters and named_parameters cannot both be given.")


def _sql_problems(task: SqlTask, path: KeyPath) -> Iterator[Problem]:
    for field in ("alert", "dashboard"):
        if getattr(task, field) is not None:
            yield Problem((*path, field), f"a sql_task with {field} is not supported yet.", "Use file or query.")
            return
    if task.query is not None and task.query.query_id is not None:
        yield Problem((*path, "query", "query_id"), "saved queries do not exist here.", "Use file.path or query_text.")
    elif (task.file is None) == (task.query is None or task.query.query_text is None):
        yield Problem(path, "exactly one of file.path and query.query_text is needed.")


def _library_problems(library: Library, path: KeyPath) -> Iterator[Problem]:
    for field in ("jar", "egg", "maven", "cran"):
        if getattr(library, field) is not None:
            yield Problem((*path, field), f"{field} libraries are not supported.", "Use whl, pypi or requirements.")
            return
    if sum(value is not None for value in (library.whl, library.pypi, library.requirements)) != 1:
        yield Problem(path, "exactly one of whl, pypi and requirements is needed.")


def _reference_problems(task: Task, path: KeyPath, known: Known) -> Iterator[Problem]:
    scope = known.scope_of(task)
    for kind in KINDS:
        details = getattr(task, kind)
        if details is None:
            continue
        data = details.model_dump(mode="json", exclude={"task"} if kind == "for_each_task" else None)
        for name in references.names_in(data):
            try:
                references.check(name, scope)
            except references.UnknownReference as error:
                yield Problem((*path, kind), error.message, error.hint)
