"""What programs in tasks can ask for: secrets and task values, through the whole server, in every spelling."""

import json
from pathlib import Path
from typing import Any

import pytest

from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server
VALUE = "correct horse battery staple"


class Programs:
    """Scripts and notebooks as tasks of one run each."""

    def __init__(self, server: LocalBoathouse, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def task(self, key: str, text: str, after: str | None = None) -> dict[str, Any]:
        file = self.folder / f"{key}.py"
        file.write_text(text)
        kind = "notebook_task" if text.startswith("# Databricks") else "spark_python_task"
        path = {"notebook_path": str(file)} if kind == "notebook_task" else {"python_file": str(file)}
        return {"task_key": key, kind: path, "depends_on": [{"task_key": after}] if after else []}

    def run(self, *tasks: dict[str, Any]) -> dict[str, Any]:
        client = self.server.client()
        job_id = client.post("/api/2.2/jobs/create", {"name": "programs", "tasks": list(tasks)})["job_id"]
        done = self.server.run("jobs", "run", str(job_id), "--wait", "-o", "json")
        run_id = client.get("/api/2.2/jobs/runs/list", job_id=job_id)["runs"][0]["run_id"]
        found = client.get("/api/2.2/jobs/runs/get", run_id=run_id)
        assert found["state"]["result_state"] == "SUCCESS", (found["state"], done.stderr, self.logs(found))
        return found

    def log(self, run: dict[str, Any], key: str) -> str:
        task = next(task for task in run["tasks"] if task["task_key"] == key)
        return self.server.client().get("/api/2.2/jobs/runs/get-output", run_id=task["run_id"])["logs"]

    def logs(self, run: dict[str, Any]) -> list[str]:
        return [self.log(run, task["task_key"]) for task in run["tasks"]]


@pytest.fixture
def programs(boathouse: LocalBoathouse, tmp_path: Path) -> Programs:
    return Programs(boathouse, tmp_path)


@pytest.fixture(scope="module", autouse=True)
def scope(boathouse: LocalBoathouse) -> None:
    client = boathouse.client()
    client.post("/api/2.0/secrets/scopes/create", {"scope": "programs"})
    client.post("/api/2.0/secrets/put", {"scope": "programs", "key": "db", "string_value": VALUE})


@pytest.mark.parametrize(
    "program",
    [
        "import boathouse as bh\nvalue = bh.secrets.get('programs', 'db')",
        "import boathouse as bh\nvalue = bh.secrets.get_bytes('programs', 'db').decode()",
        "from databricks.sdk import WorkspaceClient\nvalue = WorkspaceClient().dbutils.secrets.get('programs', 'db')",
        (
            "import base64\nfrom databricks.sdk import WorkspaceClient\n"
            "value = base64.b64decode(WorkspaceClient().secrets.get_secret('programs', 'db').value).decode()"
        ),
        "# Databricks notebook source\nvalue = dbutils.secrets.get('programs', 'db')",
        "# Databricks notebook source\nvalue = dbutils.secrets.getBytes(scope='programs', key='db').decode()",
    ],
    ids=["get", "get_bytes", "sdk-dbutils", "sdk", "dbutils", "dbutils-bytes"],
)
def test_a_secret_that_a_task_fetches_does_not_reach_its_log(programs: Programs, program: str) -> None:
    run = programs.run(programs.task("t", f"{program}\nassert len(value) == {len(VALUE)}\nprint('it is', value)"))

    assert programs.log(run, "t") == "it is [REDACTED]\n"


def test_a_notebook_can_be_had_with_what_its_cells_gave_out(programs: Programs) -> None:
    run = programs.run(programs.task("n", "# Databricks notebook source\nprint('given out')"), programs.task("s", ""))

    done = programs.server.run("jobs", "notebook", str(run["run_id"]), "n")
    (cell,) = json.loads(done.stdout)["cells"]
    assert (cell["source"], cell["outputs"][0]["text"]) == ("print('given out')", "given out\n")
    none = programs.server.run("jobs", "notebook", str(run["run_id"]), "s")
    assert none.returncode == 4 and "The task s has left no notebook." in none.stderr


def test_dbutils_lists_scopes_and_secrets(programs: Programs) -> None:
    text = "# Databricks notebook source\nprint(dbutils.secrets.list('programs')[0].key)\n"
    text += "print('programs' in [each.name for each in dbutils.secrets.listScopes()])"

    assert programs.log(programs.run(programs.task("t", text)), "t") == "db\nTrue\n"


def test_values_travel_from_task_to_task(programs: Programs) -> None:
    first = "import boathouse as bh\nbh.task_values.set('rows', {'n': None})\nbh.task_values.set('rows', 10)"
    second = (
        "# Databricks notebook source\nvalues = dbutils.jobs.taskValues\n"
        "print(values.get(taskKey='first', key='rows', debugValue=0), values.get('first', 'nothing', default=7))\n"
        "values.set(key='list', value=[1, {'a': None}])"
    )
    third = "from boathouse import task_values as v\nprint(v.get('second', 'list'), v.get('first', 'x', default=None))"

    run = programs.run(
        programs.task("first", first), programs.task("second", second, "first"), programs.task("third", third, "second")
    )

    assert programs.log(run, "second") == "10 7\n" and programs.log(run, "third") == "[1, {'a': None}] None\n"


def test_a_value_that_no_task_has_left_says_what_there_is(programs: Programs) -> None:
    first = "import boathouse as bh\nbh.task_values.set('rows', 10)"
    wrong = "try:\n    bh.task_values.get('first', 'row')\nexcept Exception as error:\n    print(error)"
    second = f"import boathouse as bh\n{wrong}"

    run = programs.run(programs.task("first", first), programs.task("second", second, "first"))

    assert "has left no value 'row'. Did you mean rows?" in programs.log(run, "second")


def test_a_secret_in_a_task_value_is_replaced(programs: Programs) -> None:
    first = (
        "import boathouse as bh\nbh.task_values.set('url', ['postgres://u:' + bh.secrets.get('programs', 'db') + '@h'])"
    )
    second = "import boathouse as bh\nprint(bh.task_values.get('first', 'url'))"

    run = programs.run(programs.task("first", first), programs.task("second", second, "first"))

    assert programs.log(run, "second") == "['postgres://u:[REDACTED]@h']\n"
    assert VALUE not in json.dumps(run)


def test_a_secret_in_a_statement_does_not_reach_the_audit_log(programs: Programs) -> None:
    text = "import boathouse as bh\nvalue = bh.secrets.get('programs', 'db')\n"
    text += "print(bh.sql(f\"SELECT schema_name, '{value}' FROM system.information_schema.schemata\").rows()[0])"

    run = programs.run(programs.task("t", text))

    assert "[REDACTED]" in programs.log(run, "t")
    events = json.dumps(programs.server.client().get("/api/boathouse/v1/audit", limit=1000)["events"])
    assert "SELECT schema_name, '[REDACTED]'" in events and VALUE not in events
