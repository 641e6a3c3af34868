"""Notebooks as tasks: a notebook under its guard, without a worker or a server."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from boathouse.jobs.executing.processes import AttemptFiles, Command, TaskProcess

pytestmark = pytest.mark.server


def code(*lines: str) -> dict[str, Any]:
    text = "\n".join(lines)
    return {"cell_type": "code", "metadata": {}, "source": text.splitlines(keepends=True), "outputs": []}


def jupyter(file: Path, *cells: dict[str, Any], **metadata: Any) -> Path:
    file.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return file


class Done:
    """A notebook that has run."""

    def __init__(self, folder: Path, file: Path, parameters: dict[str, str], secrets: dict[str, str]) -> None:
        self.files = AttemptFiles(folder / "runs" / "0")
        spec = {"kind": "notebook_task", "file": str(file), "parameters": parameters}
        spec |= {"first_paths": [str(file.parent)], "paths": []}
        variables = {key: value for key, value in os.environ.items() if not key.startswith("BOATHOUSE_")}
        variables |= {"PYTHONUNBUFFERED": "1", "BOATHOUSE_SOURCE_ROOT": str(folder)}
        TaskProcess(Command(Path(sys.executable), spec, variables, self.files, secrets)).wait()
        self.log = self.files.log.read_text()
        self.output = self.files.read_output()

    @property
    def executed(self) -> dict[str, Any]:
        return json.loads(self.files.notebook.read_text())


def run(folder: Path, file: Path, secrets: dict[str, str] | None = None, **parameters: str) -> Done:
    return Done(folder, file, parameters, secrets or {})


def test_a_jupyter_notebook_runs_its_cells_in_one_namespace(tmp_path: Path) -> None:
    text = {"cell_type": "markdown", "metadata": {}, "source": "# Title"}
    notebook = jupyter(
        tmp_path / "n.ipynb",
        text,
        code("dbutils.widgets.text('month', '1')", "month = int(dbutils.widgets.get('month'))"),
        code(""),
        code("%md", "words"),
        code("month + 1"),
        code("dbutils.notebook.exit(f'month {month}')"),
        code("print('never')"),
    )

    done = run(tmp_path, notebook, month="7")

    assert done.log == "8\n" and done.output == {"result": "month 7"}


def test_an_error_names_the_cell_and_its_line(tmp_path: Path) -> None:
    notebook = jupyter(tmp_path / "n.ipynb", code("x = 1"), code("", "def fail():", "    return x / 0"), code("fail()"))

    done = run(tmp_path, notebook)

    assert done.output["error"] == "ZeroDivisionError: division by zero"
    trace = done.output["error_trace"]
    assert f'File "{notebook}, cell 3", line 1' in trace and f'File "{notebook}, cell 2", line 3, in fail' in trace
    assert "    return x / 0" in trace and "bootstrap" not in trace


def test_a_syntax_error_names_the_cell_and_its_line(tmp_path: Path) -> None:
    done = run(tmp_path, jupyter(tmp_path / "n.ipynb", code("x = 1"), code("y = 2", "z = (")))

    assert done.output["error"].endswith("n.ipynb, cell 2, line 2)") and "was never closed" in done.output["error"]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (code("x = 1", "!ls -la"), "cell 1, line 2: !ls -la is a shell command"),
        (code("files = !ls"), "cell 1, line 1: !ls is a shell command"),
        (code("import json", "json.loads?"), "cell 1, line 2: json.loads? asks IPython for help"),
        (code("%%bash", "ls"), "cell 1, line 1: %bash is not supported"),
        (code("%sh ls"), "cell 1, line 1: %sh is not supported"),
        (code("x = 1", "%store x"), "cell 1, line 2: %store is not supported"),
    ],
)
def test_what_only_ipython_understands_is_refused_by_name(tmp_path: Path, cell: dict[str, Any], message: str) -> None:
    assert message in run(tmp_path, jupyter(tmp_path / "n.ipynb", cell)).output["error"]


def test_magics_that_change_nothing_are_passed_over_and_text_that_looks_like_them_is_kept(tmp_path: Path) -> None:
    notebook = jupyter(
        tmp_path / "n.ipynb",
        code("%load_ext autoreload", "%matplotlib inline", "print('here')"),
        code('print("""', "%matplotlib", '!ls""")'),
        code("%%time", "print('timed')"),
        code("%pip install boathouse"),
    )

    done = run(tmp_path, notebook)

    assert done.output == {}
    assert (
        done.log.startswith("here\n\n%matplotlib\n!ls\ntimed\nWall time: ")
        and "the environment has boathouse" in done.log
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "n.ipynb is no notebook: Expecting property name enclosed in double quotes: line 1 column 2"),
        ("[]", "n.ipynb is no notebook that can be run: it has no cells."),
        ('{"nbformat": 3, "worksheets": []}', "it has format 3, and 4 is needed."),
        ('{"cells": [{"cell_type": "code"}]}', "cell 1 has no source."),
        ('{"cells": [], "metadata": {"kernelspec": {"language": "R"}}}', "a notebook in r; python and sql can be run."),
        ("[" * 100_000, "n.ipynb is no notebook: it is nested too deeply."),
    ],
)
def test_what_is_no_notebook_says_where_and_why(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "n.ipynb"
    file.write_text(content)

    assert message in run(tmp_path, file).output["error"]


def test_a_notebook_that_is_no_text_says_so(tmp_path: Path) -> None:
    file = tmp_path / "n.ipynb"
    file.write_bytes(b'{"cells": "\xff"}')

    assert "n.ipynb is no text in UTF-8: byte 11 is not." in run(tmp_path, file).output["error"]


def test_what_the_cells_gave_out_is_kept_without_secrets(tmp_path: Path) -> None:
    notebook = jupyter(
        tmp_path / "n.ipynb",
        code("import sys", "print('to out')", "print('to err', file=sys.stderr)"),
        code("dbutils.widgets.get('password')"),
        code("raise ValueError(dbutils.widgets.get('password'))"),
        code("print('never')"),
    )

    done = run(tmp_path, notebook, {"<mark>": "hunter2"}, password="<mark>")

    first, second, third = done.executed["cells"]
    assert [output["text"] for output in first["outputs"]] == ["to out\n", "to err\n"]
    assert second["outputs"][0]["text"] == "'[REDACTED]'\n"
    assert third["outputs"][-1]["evalue"] == "[REDACTED]" and third["execution_count"] == 3
    assert "hunter2" not in done.files.notebook.read_text() + done.log + json.dumps(done.output)


def test_a_notebook_in_source_format_is_kept_as_well_and_runs_others(tmp_path: Path) -> None:
    jupyter(tmp_path / "setup.ipynb", code("greeting = 'hello'"))
    notebook = tmp_path / "n.py"
    notebook.write_text(
        "# Databricks notebook source\n# MAGIC %run ./setup\n\n# COMMAND ----------\n\nprint(greeting)\n"
    )

    done = run(tmp_path, notebook)

    assert done.log == "hello\n"
    assert [cell["source"] for cell in done.executed["cells"]] == ["# MAGIC %run ./setup", "print(greeting)"]


def test_notebooks_that_run_each_other_in_a_circle_are_named(tmp_path: Path) -> None:
    jupyter(tmp_path / "b.ipynb", code("%run ./a"))
    a = jupyter(tmp_path / "a.ipynb", code("%run ./b"))

    done = run(tmp_path, a)

    assert done.output["error"] == f"RecursionError: %run: {a} runs {tmp_path / 'b.ipynb'} runs {a}."


# Notebooks that run notebooks


def test_another_notebook_runs_with_a_namespace_and_parameters_of_its_own(tmp_path: Path) -> None:
    child = "assert 'x' not in globals()\nx = 2\nprint('child')\ndbutils.notebook.exit(dbutils.widgets.get('a') + '!')"
    (tmp_path / "child.py").write_text(child)
    call = "dbutils.notebook.run('child', 60, {'a': 5})"

    done = run(tmp_path, jupyter(tmp_path / "n.ipynb", code("x = 1"), code(f"print({call}, x)")))

    assert done.log == "child\n5! 1\n"


def test_an_error_in_another_notebook_is_raised_here(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text("raise ValueError('no such month')")
    lines = ("try:", "    dbutils.notebook.run('child')", "except RuntimeError as error:", "    print('caught', error)")

    done = run(tmp_path, jupyter(tmp_path / "n.ipynb", code(*lines)))

    assert f"caught {tmp_path / 'child.py'}: ValueError: no such month" in done.log and done.output == {}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("run('slow', 0.2)", "TimeoutError: The notebook {folder}/slow.py took longer than its 0.2 s."),
        ("run('missing')", "FileNotFoundError: dbutils.notebook.run missing: there is no such notebook"),
        ("run('../outside')", "PermissionError: dbutils.notebook.run ../outside: the path leads out"),
    ],
)
def test_another_notebook_that_cannot_end_well_says_why(tmp_path: Path, call: str, message: str) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(600)")

    done = run(tmp_path, jupyter(tmp_path / "n.ipynb", code(f"dbutils.notebook.{call}")))

    assert message.format(folder=tmp_path) in done.output["error"]


def test_secrets_travel_to_another_notebook_and_back_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(
        "print(dbutils.widgets.get('p'))\ndbutils.notebook.exit(dbutils.widgets.get('p'))"
    )
    lines = ("p = dbutils.widgets.get('p')", "assert dbutils.notebook.run('child', 60, {'p': p}) == p", "print(p)")

    done = run(tmp_path, jupyter(tmp_path / "n.ipynb", code(*lines)), {"<mark>": "hunter2"}, p="<mark>")

    assert done.log == "[REDACTED]\n[REDACTED]\n" and done.output == {}
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"hunter2" in file.read_bytes()]
