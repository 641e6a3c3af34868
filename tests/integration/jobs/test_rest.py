"""Jobs over HTTP: the Databricks SDK unmodified, the shapes on the wire, the command line, and who may do what."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from boathouse.catalog import Catalog
from boathouse.foundation.errors import BoathouseError, Denied, InvalidInput, NotFound
from boathouse.foundation.principals import SYSTEM
from boathouse.metastore import Database, DatabaseUrl
from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "hello.py").write_text("import sys\nprint('hello', *sys.argv[1:])\n")
    (folder / "bad.py").write_text("raise ValueError('no such month')\n")
    (folder / "slow.py").write_text("import time\nprint('here', flush=True)\ntime.sleep(600)\n")
    (folder / "nb.py").write_text("# Databricks notebook source\ndbutils.notebook.exit(dbutils.widgets.get('month'))\n")
    (folder / "query.sql").write_text("SELECT 1 AS one; -- a comment;\nSELECT :month AS month;\n")
    return folder


def job(scripts: Path, name: str, **more: object) -> dict[str, object]:
    task = {"task_key": "main", "spark_python_task": {"python_file": str(scripts / f"{name}.py")}}
    return {"name": name, "tasks": [task], **more}


def ended(client, run_id: int) -> dict:
    while True:
        run = client.get("/api/2.2/jobs/runs/get", run_id=run_id)
        if run["state"]["life_cycle_state"] in ("TERMINATED", "INTERNAL_ERROR"):
            return run
        time.sleep(0.05)


@pytest.fixture
def workspace(boathouse: LocalBoathouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    from databricks.sdk import WorkspaceClient

    for variable in ("DATABRICKS_CONFIG_FILE", "DATABRICKS_CONFIG_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    yield WorkspaceClient(host=boathouse.url, token=boathouse.token)


def test_the_databricks_sdk_creates_runs_and_waits(workspace, scripts: Path) -> None:
    from databricks.sdk.service import jobs

    created = workspace.jobs.create(
        name="sdk",
        parameters=[jobs.JobParameterDefinition(name="month", default="1")],
        tasks=[
            jobs.Task(
                task_key="first",
                spark_python_task=jobs.SparkPythonTask(
                    python_file=str(scripts / "hello.py"), parameters=["{{job.parameters.month}}"]
                ),
            ),
            jobs.Task(
                task_key="second",
                depends_on=[jobs.TaskDependency("first")],
                notebook_task=jobs.NotebookTask(notebook_path=str(scripts / "nb.py")),
            ),
        ],
    )

    run = workspace.jobs.run_now(created.job_id, job_parameters={"month": "7"}).result()

    assert run.state.result_state is jobs.RunResultState.SUCCESS
    assert run.status.termination_details.code is jobs.TerminationCodeCode.SUCCESS
    outputs = {task.task_key: workspace.jobs.get_run_output(task.run_id) for task in run.tasks}
    assert outputs["first"].logs == "hello 7\n"
    assert outputs["second"].notebook_output.result == "7"
    assert created.job_id in [each.job_id for each in workspace.jobs.list(name="sdk")]
    assert [each.run_id for each in workspace.jobs.list_runs(job_id=created.job_id)] == [run.run_id]


def test_the_databricks_sdk_raises_for_a_failed_run(workspace, scripts: Path) -> None:
    from databricks.sdk.errors import OperationFailed
    from databricks.sdk.service import jobs

    task = jobs.Task(task_key="main", spark_python_task=jobs.SparkPythonTask(python_file=str(scripts / "bad.py")))
    created = workspace.jobs.create(name="fails", tasks=[task])

    with pytest.raises(OperationFailed, match="Task main failed with message: ValueError: no such month"):
        workspace.jobs.run_now(created.job_id).result()


def test_the_databricks_sdk_cancels(workspace, scripts: Path) -> None:
    from databricks.sdk.service import jobs

    task = jobs.Task(task_key="main", spark_python_task=jobs.SparkPythonTask(python_file=str(scripts / "slow.py")))
    created = workspace.jobs.create(name="slow", tasks=[task])
    waiter = workspace.jobs.run_now(created.job_id)

    workspace.jobs.cancel_run(waiter.run_id)

    assert waiter.result().state.result_state is jobs.RunResultState.CANCELED


def test_a_job_can_be_changed_and_deleted(boathouse: LocalBoathouse, scripts: Path) -> None:
    client = boathouse.client()
    job_id = client.post("/api/2.1/jobs/create", job(scripts, "hello"))["job_id"]

    client.post("/api/2.2/jobs/update", {"job_id": job_id, "new_settings": {"name": "renamed"}})
    client.post("/api/2.2/jobs/reset", {"job_id": job_id, "new_settings": job(scripts, "bad")})

    settings = client.get("/api/2.2/jobs/get", job_id=job_id)["settings"]
    assert settings["name"] == "bad" and settings["tasks"][0]["spark_python_task"]["python_file"].endswith("bad.py")
    client.post("/api/2.2/jobs/delete", {"job_id": job_id})
    with pytest.raises(NotFound, match=f"There is no job {job_id}"):
        client.get("/api/2.2/jobs/get", job_id=job_id)


def test_fields_that_are_not_acted_on_are_reported(boathouse: LocalBoathouse, scripts: Path) -> None:
    schedule = {"quartz_cron_expression": "0 0 * * * ?", "timezone_id": "UTC"}

    answer = boathouse.client().post(
        "/api/2.2/jobs/create", job(scripts, "hello", schedule=schedule, performance_target="STANDARD")
    )

    assert answer["ignored"] == ["performance_target"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": []}, "tasks: a job needs at least one task."),
        ({"taskss": []}, "taskss: unknown field 'taskss'. Did you mean tasks"),
        ({"timeout_seconds": "soon"}, "timeout_seconds: Input should be a valid integer"),
        ({"tasks": [{"task_key": "a"}]}, "tasks[0]: a task does exactly one thing; the task 'a' has none."),
        ({"tasks": [{"task_key": "a", "dbt_task": {}}]}, "tasks[0].dbt_task: dbt_task is not supported yet."),
    ],
)
def test_a_wrong_definition_is_refused_with_the_place(
    boathouse: LocalBoathouse, scripts: Path, change: dict, message: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        boathouse.client().post("/api/2.2/jobs/create", {**job(scripts, "hello"), **change})

    assert message in str(refused.value)


@pytest.mark.parametrize("path", ["../x.py", "relative.py", "/no/such/file.py", "/tmp/../etc/x.py"])
def test_a_file_that_cannot_be_run_is_refused_at_once(boathouse: LocalBoathouse, path: str) -> None:
    task = {"task_key": "a", "spark_python_task": {"python_file": path}}

    with pytest.raises(BoathouseError, match=r"x\.py|relative\.py|file\.py"):
        boathouse.client().post("/api/2.2/jobs/create", {"tasks": [task]})


def test_a_run_now_with_an_unknown_parameter_is_refused(boathouse: LocalBoathouse, scripts: Path) -> None:
    definition = job(scripts, "hello", parameters=[{"name": "month", "default": "1"}])
    job_id = boathouse.client().post("/api/2.2/jobs/create", definition)["job_id"]

    with pytest.raises(InvalidInput, match=r"has no parameter 'mnth'\. Did you mean month\?"):
        boathouse.client().post("/api/2.2/jobs/run-now", {"job_id": job_id, "job_parameters": {"mnth": "2"}})


def test_a_token_makes_a_run_happen_once(boathouse: LocalBoathouse, scripts: Path) -> None:
    client = boathouse.client()
    job_id = client.post("/api/2.2/jobs/create", job(scripts, "hello"))["job_id"]

    runs = {
        client.post("/api/2.2/jobs/run-now", {"job_id": job_id, "idempotency_token": "once"})["run_id"]
        for _ in range(3)
    }

    assert len(runs) == 1


def test_runs_are_listed_page_by_page(boathouse: LocalBoathouse, scripts: Path) -> None:
    client = boathouse.client()
    job_id = client.post("/api/2.2/jobs/create", job(scripts, "hello"))["job_id"]
    made = [client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"] for _ in range(5)]

    first = client.get("/api/2.2/jobs/runs/list", job_id=job_id, limit=3)
    second = client.get("/api/2.2/jobs/runs/list", job_id=job_id, limit=3, page_token=first["next_page_token"])

    assert [run["run_id"] for run in first["runs"] + second["runs"]] == made[::-1]
    assert first["has_more"] and not second["has_more"]


def test_sql_tasks_run_each_statement_as_the_principal(boathouse: LocalBoathouse, scripts: Path) -> None:
    client = boathouse.client()
    tasks = [
        {"task_key": "file", "sql_task": {"file": {"path": str(scripts / "query.sql")}, "parameters": {"month": "7"}}},
        {"task_key": "text", "sql_task": {"query": {"query_text": "SELECT * FROM no.such.orders"}}},
    ]
    job_id = client.post("/api/2.2/jobs/create", {"name": "sql", "tasks": tasks})["job_id"]

    run = ended(client, client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"])

    by_key = {task["task_key"]: task for task in run["tasks"]}
    output = client.get("/api/2.2/jobs/runs/get-output", run_id=by_key["file"]["run_id"])
    assert by_key["file"]["state"]["result_state"] == "SUCCESS", output
    assert output["logs"].split() == ["one", "---", "1", "1", "row", "month", "-----", "7", "1", "row"]
    assert "no.such.orders" in by_key["text"]["state"]["state_message"]


def test_logs_are_streamed_while_the_task_runs(boathouse: LocalBoathouse, scripts: Path) -> None:
    client = boathouse.client()
    job_id = client.post("/api/2.2/jobs/create", job(scripts, "slow"))["job_id"]
    run_id = client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"]

    stream = client.download(f"/api/boathouse/v1/jobs/runs/{run_id}/logs", follow=True)

    assert next(stream) == b"here\n"
    client.post("/api/2.2/jobs/runs/cancel", {"run_id": run_id})
    assert list(stream) == []


def token_of(boathouse: LocalBoathouse, name: str) -> str:
    """The token of a new user."""
    database = Database(DatabaseUrl.sqlite(boathouse.home.databases / "boathouse.db"))
    identities = Catalog(database, boathouse.home).identities
    identities.create_user(SYSTEM, name)
    secret = identities.issue_token(SYSTEM, name, lifetime_seconds=600).secret
    database.dispose()
    return secret


def test_others_see_and_run_a_job_only_when_they_may(boathouse: LocalBoathouse, scripts: Path) -> None:
    admin = boathouse.client()
    bob = boathouse.client(token_of(boathouse, "jobs-bob"))
    job_id = admin.post("/api/2.2/jobs/create", job(scripts, "hello"))["job_id"]

    with pytest.raises(NotFound):
        bob.get("/api/2.2/jobs/get", job_id=job_id)
    assert job_id not in [each["job_id"] for each in bob.get("/api/2.2/jobs/list", limit=100)["jobs"]]
    with pytest.raises(Denied, match="may not create a job that runs as"):
        admin_name = admin.get("/api/2.2/jobs/get", job_id=job_id)["creator_user_name"]
        bob.post("/api/2.2/jobs/create", job(scripts, "hello", run_as={"user_name": admin_name}))


def test_the_command_line_runs_a_job_and_says_how_it_ended(boathouse: LocalBoathouse, scripts: Path) -> None:
    client = boathouse.client()
    good = client.post("/api/2.2/jobs/create", job(scripts, "hello"))["job_id"]
    bad = client.post("/api/2.2/jobs/create", job(scripts, "bad"))["job_id"]

    done = boathouse.run("jobs", "run", str(good), "--wait")
    failed = boathouse.run("jobs", "run", str(bad), "--wait")

    assert done.returncode == 0, done.stderr
    assert "SUCCESS" in done.stdout
    assert failed.returncode == 1
    assert "ValueError: no such month" in failed.stderr
    run_id = client.get("/api/2.2/jobs/runs/list", job_id=good)["runs"][0]["run_id"]
    assert boathouse.run("jobs", "logs", str(run_id), "-f").stdout == "hello\n"
    assert "main" in boathouse.run("jobs", "show", str(run_id)).stdout
    assert str(run_id) in boathouse.run("jobs", "runs", "--job", str(good)).stdout
    assert boathouse.run("jobs", "get", "no such job").returncode == 4
