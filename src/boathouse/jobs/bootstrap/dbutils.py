"""The part of ``dbutils`` that means something here: widgets and the end of a notebook."""

from typing import Any, NoReturn


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
    def exit(self, value: object = "") -> NoReturn:
        raise NotebookExit(str(value))

    def run(self, path: str, timeout_seconds: int = 0, arguments: dict[str, str] | None = None) -> NoReturn:
        raise NotImplementedError("dbutils.notebook.run is not supported: use %run, or a task of its own.")


class Missing:
    """A part of dbutils that is not there; says so when it is used."""

    def __init__(self, name: str, instead: str) -> None:
        self._message = f"dbutils.{name} is not supported: {instead}"

    def __getattr__(self, name: str) -> NoReturn:
        raise NotImplementedError(self._message)


class DBUtils:
    """What a notebook finds under the name ``dbutils``."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self.widgets = Widgets(parameters)
        self.notebook = Notebook()
        self.fs = Missing("fs", "use the files of a volume, or Python's own functions.")
        self.secrets = Missing("secrets", "give the value as an environment variable of the worker.")
        self.jobs = Missing("jobs", "write what the next task needs to a table or a volume.")
        self.library = Missing("library", "add the package to the environment's dependencies.")
