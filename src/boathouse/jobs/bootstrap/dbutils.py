"""The part of ``dbutils`` that means something here: widgets, notebooks, secrets and task values."""

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn


class NotebookExit(BaseException):
    """Not an error: the notebook is done and has said what came of it."""

    def __init__(self, value: str) -> None:
        self.value = value
        super().__init__(value)


class Widgets:
    """Parameters by name."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = dict(values)

    def get(self, name: str) -> str:
        if name not in self._values:
            known = ", ".join(sorted(self._values)) or "none"
            raise KeyError(f"There is no parameter {name!r}; this notebook has {known}.")
        return self._values[name]

    def getAll(self) -> dict[str, str]:  # noqa: N802
        return dict(self._values)

    getArgument = get  # noqa: N815

    def text(self, name: str, defaultValue: str = "", label: str | None = None) -> None:  # noqa: N803
        """Declare a parameter; a value given to the run wins over the default."""
        self._values.setdefault(name, str(defaultValue))

    def dropdown(self, name: str, defaultValue: str, choices: Any, label: str | None = None) -> None:  # noqa: N803
        self.text(name, defaultValue)

    combobox = dropdown

    def multiselect(self, name: str, defaultValue: str, choices: Any, label: str | None = None) -> None:  # noqa: N803
        self.text(name, defaultValue)

    def remove(self, name: str) -> None:
        self._values.pop(name, None)

    def removeAll(self) -> None:  # noqa: N802
        self._values.clear()


class Notebook:
    """The end of this notebook, and other notebooks."""

    def __init__(self, find: Callable[[str], str]) -> None:
        self._find = find

    def exit(self, value: object = "") -> NoReturn:
        raise NotebookExit(str(value))

    def run(self, path: str, timeout_seconds: float = 0, arguments: dict[str, Any] | None = None) -> str:
        """Run another notebook in a process of its own; gives back what it gave to ``exit``."""
        from .child_notebook import run_child

        given = {str(name): str(value) for name, value in (arguments or {}).items()}
        return run_child(self._find(path), timeout_seconds, given)


class Secrets:
    """Values of secrets; they are kept out of what the task prints from before they are here."""

    def get(self, scope: str, key: str) -> str:
        return self._verbs.get(scope, key)

    def getBytes(self, scope: str, key: str) -> bytes:  # noqa: N802
        return self._verbs.get_bytes(scope, key)

    def list(self, scope: str) -> "list[SecretMetadata]":
        return [SecretMetadata(key) for key in self._verbs.list(scope)]

    def listScopes(self) -> "list[SecretScope]":  # noqa: N802
        return [SecretScope(name) for name in self._verbs.list_scopes()]

    @property
    def _verbs(self) -> Any:
        from boathouse.session import secrets

        return secrets


class SecretMetadata(NamedTuple):
    key: str


class SecretScope(NamedTuple):
    name: str


class TaskValues:
    """Values that a task leaves for the tasks after it."""

    def set(self, key: str, value: Any) -> None:
        from boathouse.session import task_values

        task_values.set(key, value)

    def get(self, taskKey: str, key: str, default: Any = None, debugValue: Any = None) -> Any:  # noqa: N803
        """None means "not given" here, as on Databricks."""
        from boathouse.session import task_values

        given = {
            name: value for name, value in (("default", default), ("debug_value", debugValue)) if value is not None
        }
        return task_values.get(taskKey, key, **given)


class JobsUtilities:
    def __init__(self) -> None:
        self.taskValues = TaskValues()


class Missing:
    """A part of dbutils that is not there; says so when it is used."""

    def __init__(self, name: str, instead: str) -> None:
        self._message = f"dbutils.{name} is not supported: {instead}"

    def __getattr__(self, name: str) -> NoReturn:
        raise NotImplementedError(self._message)


class DBUtils:
    """What a notebook finds under the name ``dbutils``."""

    def __init__(self, parameters: dict[str, str], find_notebook: Callable[[str], str]) -> None:
        self.widgets = Widgets(parameters)
        self.notebook = Notebook(find_notebook)
        self.fs = Missing("fs", "use the files of a volume, or Python's own functions.")
        self.secrets = Secrets()
        self.jobs = JobsUtilities()
        self.library = Missing("library", "add the package to the environment's dependencies.")
