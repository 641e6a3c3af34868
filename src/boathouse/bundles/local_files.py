"""The files that tasks name: relative to the YAML file that names them, inside the bundle, and really there.

In what is deployed they are relative to the bundle's folder, which is where a task finds its code.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from boathouse.bundles.findings import Findings, relative
from boathouse.bundles.nodes import Node
from boathouse.bundles.substitution import OPEN
from boathouse.foundation.errors import did_you_mean

FILE_PATH_PREFIX = "${workspace.file_path}/"
_REMOTE = ("/Volumes/", "/Workspace/", "/Shared/", "/Users/", "dbfs:")
_GLOB_SIGNS = set("*?[")

PathTo = tuple[str | int, ...]


class LocalFiles:
    """Checks the file names in jobs and rewrites them."""

    def __init__(self, root: Path, build_folders: Sequence[Path], findings: Findings) -> None:
        self._root = root
        self._build_folders = build_folders
        """Where artifacts will lie once they are built."""
        self._findings = findings

    def rewrite(self, job: Node) -> Node:
        """The job with every file name relative to the bundle's folder; a wrong one is noted."""
        for path in list(_file_fields(job)):
            node = _at(job, path)
            if node.text is not None:
                job = _replaced(job, path, Node(self._checked(node, node.text), node.position, node.key_position))
        return job

    def placed(self, dependency: Node) -> Node:
        """A line of requirements with the place where its file will lie on the server, for what runs outside of the
        bundle's folder."""
        text = dependency.text
        if text is None or not _is_local(text) or text.startswith(FILE_PATH_PREFIX):
            return dependency
        checked = self._checked(dependency, text)
        option, file = ("-r ", checked.removeprefix("-r ")) if checked.startswith("-r ") else ("", checked)
        if file.startswith((FILE_PATH_PREFIX, *_REMOTE)):
            return dependency
        return Node(f"{option}{FILE_PATH_PREFIX}{file}", dependency.position, dependency.key_position)

    def _checked(self, node: Node, text: str) -> str:
        option, text = ("-r ", text.removeprefix("-r ").strip()) if text.startswith("-r ") else ("", text)
        if text.startswith(FILE_PATH_PREFIX):
            file = self._root / text.removeprefix(FILE_PATH_PREFIX)
        elif OPEN in text or text.startswith(_REMOTE) or "://" in text:
            return option + text
        else:
            file = node.position.file.parent / text
        inside = self._inside(node, text, Path(os.path.normpath(file)))
        return option + inside if inside is not None else option + text

    def _inside(self, node: Node, text: str, file: Path) -> str | None:
        if not file.is_relative_to(self._root):
            hint = "Move the file into the bundle, or name it relative to this YAML file."
            self._findings.error(node, f"the path {text!r} leads out of the bundle's folder.", hint)
            return None
        name = file.relative_to(self._root).as_posix()
        if _GLOB_SIGNS & set(name):
            if not any(self._root.glob(name)) and not self._will_be_built(file):
                self._findings.error(node, f"no file matches {name}.")
            return name
        if file.exists() and not file.resolve().is_relative_to(self._root.resolve()):
            self._findings.error(node, f"the path {text!r} is a link that leads out of the bundle's folder.")
            return None
        if not file.is_file() and not self._will_be_built(file):
            return self._missing(node, name, file)
        return name

    def _missing(self, node: Node, name: str, file: Path) -> str | None:
        for suffix in (".py", ".ipynb"):
            if not file.suffix and file.with_name(file.name + suffix).is_file():
                return name + suffix
        if file.is_dir():
            self._findings.error(node, f"{name} is a folder; a file is expected.")
            return None
        siblings = [entry.name for entry in file.parent.iterdir()] if file.parent.is_dir() else []
        hint = did_you_mean(file.name, siblings)
        if hint is None and (elsewhere := next(self._root.glob(f"**/{_literal(file.name)}"), None)):
            best = os.path.relpath(elsewhere, node.position.file.parent)
            hint = f"There is {relative(elsewhere, self._root)}; from this YAML file it is {Path(best).as_posix()}."
        self._findings.error(node, f"the file {name} does not exist.", hint)
        return None

    def _will_be_built(self, file: Path) -> bool:
        return file.suffix in (".whl", ".jar") and file.parent in self._build_folders


def wheel_globs(job: Node) -> Iterator[tuple[PathTo, str]]:
    """The fields of a job that name built files by a pattern, once rewritten."""
    for path in _file_fields(job):
        text = _at(job, path).text
        if text is not None and _GLOB_SIGNS & set(text):
            yield path, text


def replace_text(job: Node, path: PathTo, text: str) -> Node:
    node = _at(job, path)
    return _replaced(job, path, Node(text, node.position, node.key_position))


def _file_fields(job: Node) -> Iterator[PathTo]:
    """Files of a Git source are not among them: they lie in the repository."""
    from_git = job.get("git_source") is not None
    for path, task in _tasks(job):
        for fields in (("spark_python_task", "python_file"), ("notebook_task", "notebook_path"), ("sql_task", "file")):
            named = fields + (("path",) if fields[1] == "file" else ())
            source = task.get(*named[:-1], "source")
            if (source.value if source is not None else from_git) in ("GIT", True):
                continue
            if (node := task.get(*named)) is not None and node.text is not None:
                yield (*path, *named)
        yield from _libraries(path, task)
    for index, environment in enumerate(_items(job, "environments")):
        dependencies = environment.get("spec", "dependencies")
        for place, dependency in enumerate(dependencies.items if dependencies else []):
            if dependency.text is not None and _is_local(dependency.text):
                yield ("environments", index, "spec", "dependencies", place)


def _is_local(dependency: str) -> bool:
    """Whether a line of requirements names a file."""
    if dependency.startswith(("./", "../", "-r ", FILE_PATH_PREFIX)):
        return True
    return dependency.endswith(".whl") and " @ " not in dependency


def _libraries(path: PathTo, task: Node) -> Iterator[PathTo]:
    for index, library in enumerate(_items(task, "libraries")):
        for kind in ("whl", "jar", "requirements"):
            if (node := library.get(kind)) is not None and node.text is not None:
                yield (*path, "libraries", index, kind)


def _tasks(job: Node) -> Iterator[tuple[PathTo, Node]]:
    for index, task in enumerate(_items(job, "tasks")):
        yield ("tasks", index), task
        inner = task.get("for_each_task", "task")
        if inner is not None:
            yield ("tasks", index, "for_each_task", "task"), inner


def _items(node: Node, key: str) -> list[Node]:
    listed = node.get(key)
    return listed.items if listed is not None else []


def _at(node: Node, path: PathTo) -> Node:
    for part in path:
        node = node.items[part] if isinstance(part, int) else node.mapping[part]
    return node


def _replaced(node: Node, path: PathTo, leaf: Node) -> Node:
    if not path:
        return leaf
    part, rest = path[0], path[1:]
    if isinstance(part, int):
        items = list(node.items)
        items[part] = _replaced(items[part], rest, leaf)
        return Node(items, node.position, node.key_position)
    return node.with_child(part, _replaced(node.mapping[part], rest, leaf))


def _literal(name: str) -> str:
    return "".join(f"[{sign}]" if sign in _GLOB_SIGNS else sign for sign in name)
