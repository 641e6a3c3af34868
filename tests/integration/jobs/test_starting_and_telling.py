"""A real server starts runs by itself and tells about them, and goes on after it was killed."""

import importlib.util
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from boathouse.testing import LocalBoathouse, running_boathouse

PATIENCE_SECONDS = 60
_file = Path(__file__).parents[2] / "unit" / "notifications" / "servers.py"
_spec = importlib.util.spec_from_file_location("servers", _file)
assert _spec is not None and _spec.loader is not None
servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(servers)

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def smtp() -> Iterator[Any]:
    with servers.mail_server() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, smtp: Any) -> Iterator[LocalBoathouse]:
    variables = {"BOATHOUSE_SMTP_URL": f"smtp://127.0.0.1:{smtp.port}"}
    with running_boathouse(Path(tmp_path_factory.mktemp("starting")), variables=variables) as found:
        yield found


@pytest.fixture
def web() -> Iterator[Any]:
    with servers.web_server() as found:
        yield found


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, "It has not happened."
        time.sleep(0.05)
    return found


def script(server: LocalBoathouse, name: str, text: str) -> dict[str, Any]:
    file = server.home.root.parent / f"{name}.py"
    file.write_text(text)
    return {"task_key": name, "spark_python_task": {"python_file": str(file)}}


def create(server: LocalBoathouse, **settings: Any) -> int:
    return int(server.client().post("/api/2.2/jobs/create", settings)["job_id"])


def runs(server: LocalBoathouse, job_id: int) -> list[dict[str, Any]]:
    return server.client().get("/api/2.2/jobs/runs/list", job_id=job_id, limit=100)["runs"]


def test_a_schedule_goes_on_after_the_control_plane_was_killed(server: LocalBoathouse) -> None:
    every_two_seconds = {"quartz_cron_expression": "0/2 * * * * ?", "timezone_id": "UTC"}
    job_id = create(
        server, name="beat", tasks=[script(server, "beat", "pass")], schedule=every_two_seconds, max_concurrent_runs=9
    )
    until(lambda: len(runs(server, job_id)) >= 2)

    os.kill(server.pids["control-plane"], signal.SIGKILL)

    def came_back() -> bool:
        try:
            return len(runs(server, job_id)) >= 5
        except Exception:  # noqa: BLE001 (it is being started again)
            return False

    until(came_back)
    server.client().post(f"/api/boathouse/v1/jobs/{job_id}/pause")
    found = runs(server, job_id)
    assert {run["trigger"] for run in found} == {"PERIODIC"}
    state = server.client().get("/api/2.2/jobs/get", job_id=job_id)["schedule_state"]
    assert (state["pause_status"], state["description"]) == ("PAUSED", "every 2 seconds every day")
    assert state["fires"] == len(found)


def test_who_is_told_about_a_run_that_fails_and_one_that_is_good(server: LocalBoathouse, web: Any, smtp: Any) -> None:
    client = server.client()
    config = {"generic_webhook": {"url": web.url + "/hook"}}
    made = client.post("/api/2.0/notification-destinations", {"display_name": "hook", "config": config})
    hook = [{"id": made["id"]}]
    job_id = create(
        server,
        name="told",
        tasks=[
            script(server, "good", "print(1)") | {"webhook_notifications": {"on_success": hook}},
            script(server, "bad", "raise ValueError('no luck')")
            | {
                "depends_on": [{"task_key": "good"}],
                "max_retries": 1,
                "webhook_notifications": {"on_start": hook, "on_failure": hook},
                "notification_settings": {"alert_on_last_attempt": True},
            },
        ],
        webhook_notifications={"on_start": hook, "on_success": hook, "on_failure": hook},
        email_notifications={"on_failure": ["ada@example.org"]},
    )
    run_id = client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"]

    until(lambda: smtp.mails and len(web.received) >= 5)

    told = sorted((got.json["event_type"], got.json.get("task", {}).get("task_key", "")) for got in web.received)
    assert told == [
        ("jobs.on_failure", ""), ("jobs.on_failure", "bad"), ("jobs.on_start", ""), ("jobs.on_start", "bad"),
        ("jobs.on_success", "good"),
    ]  # fmt: skip
    failed = next(
        got.json for got in web.received if got.json["event_type"] == "jobs.on_failure" and "task" in got.json
    )
    assert failed["run"]["parent_run_id"] == str(run_id)
    assert failed["state"]["result_state"] == "FAILED"
    recipients, mail = smtp.mails[0]
    assert (recipients, "Subject: Job told has failed" in mail, "no luck" in mail) == (["ada@example.org"], True, True)
    found = client.get("/api/boathouse/v1/notifications/deliveries", run_id=run_id)["deliveries"]
    assert {each["state"] for each in found} == {"DELIVERED"}
    assert len(found) == 6


def test_a_message_arrives_although_the_process_was_killed_before(server: LocalBoathouse, web: Any) -> None:
    client = server.client()
    config = {"generic_webhook": {"url": web.url}}
    client.post("/api/2.0/notification-destinations", {"display_name": "killed", "config": config})
    job_id = create(
        server,
        name="killed",
        tasks=[script(server, "k", "pass")],
        webhook_notifications={"on_success": [{"id": "killed"}]},
    )
    web.answers = [500]
    run_id = client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"]
    deliveries = "/api/boathouse/v1/notifications/deliveries"
    until(lambda: [each for each in client.get(deliveries, run_id=run_id)["deliveries"] if each["error"]])
    os.kill(server.pids["control-plane"], signal.SIGKILL)

    until(lambda: len(web.received) >= 2)

    assert len({got.headers["webhook-id"] for got in web.received}) == 1


def test_a_run_that_takes_too_long_is_told_of_while_it_runs(server: LocalBoathouse, web: Any) -> None:
    client = server.client()
    config = {"slack": {"url": web.url}}
    client.post("/api/2.0/notification-destinations", {"display_name": "slow", "config": config})
    job_id = create(
        server,
        name="slow",
        tasks=[script(server, "s", "import time; time.sleep(600)")],
        health={"rules": [{"metric": "RUN_DURATION_SECONDS", "op": "GREATER_THAN", "value": 1}]},
        webhook_notifications={"on_duration_warning_threshold_exceeded": [{"id": "slow"}]},
    )
    run_id = client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"]

    until(lambda: web.received)

    assert "Job slow takes longer than expected." in web.received[0].json["text"]
    client.post("/api/2.2/jobs/runs/cancel", {"run_id": run_id})


def test_files_tables_models_and_other_jobs_start_runs(server: LocalBoathouse) -> None:
    def sql(statement: str) -> None:
        done = server.run("sql", statement)
        assert done.returncode == 0, done.stderr

    for statement in ("CREATE CATALOG t", "CREATE SCHEMA t.s", "CREATE VOLUME t.s.v", "CREATE TABLE t.s.x (a INT)"):
        sql(statement)
    task = script(server, "t", "pass")
    by_table = create(server, name="table", tasks=[task], trigger={"table_update": {"table_names": ["t.s.x"]}})
    by_file = create(server, name="file", tasks=[task], trigger={"file_arrival": {"url": "/Volumes/t/s/v/"}})
    after = create(server, name="after", tasks=[task], trigger={"job_completion": {"job_id": by_table}})

    sql("INSERT INTO t.s.x VALUES (1)")
    file = server.home.root.parent / "new.csv"
    file.write_text("a\n1\n")
    assert server.run("upload", str(file), "/Volumes/t/s/v/").returncode == 0

    found = {name: until(lambda job=job: runs(server, job)) for name, job in
             {"TABLE": by_table, "FILE_ARRIVAL": by_file, "JOB_COMPLETION": after}.items()}  # fmt: skip
    assert {name: [run["trigger"] for run in each] for name, each in found.items()} == {name: [name] for name in found}
    state = server.client().get("/api/2.2/jobs/get", job_id=by_table)["trigger_state"]
    assert state["table"]["last_seen_table_states"] == [{"table_name": "t.s.x", "has_seen_updates": False}]


def test_the_databricks_client_handles_destinations_schedules_and_triggers(server: LocalBoathouse) -> None:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service import jobs, settings

    workspace = WorkspaceClient(host=server.url, token=server.token)
    made = workspace.notification_destinations.create(
        display_name="sdk", config=settings.Config(email=settings.EmailConfig(addresses=["a@example.org"]))
    )
    assert made.destination_type is settings.DestinationType.EMAIL
    assert made.id is not None
    workspace.notification_destinations.update(made.id, display_name="sdk2")
    assert workspace.notification_destinations.get(made.id).display_name == "sdk2"
    assert "sdk2" in [each.display_name for each in workspace.notification_destinations.list()]

    task = script(server, "sdk", "pass")
    job = workspace.jobs.create(
        name="sdk",
        tasks=[jobs.Task(task_key="sdk", spark_python_task=jobs.SparkPythonTask(**task["spark_python_task"]))],
        schedule=jobs.CronSchedule("0 0 6 ? * MON-FRI", "Europe/Berlin"),
        webhook_notifications=jobs.WebhookNotifications(on_failure=[jobs.Webhook(made.id)]),
    )
    found = workspace.jobs.get(job.job_id or 0)
    assert found.settings is not None and found.settings.schedule is not None
    assert found.settings.schedule.quartz_cron_expression == "0 0 6 ? * MON-FRI"
    workspace.notification_destinations.delete(made.id)


def test_the_command_line_shows_pauses_and_cleans(server: LocalBoathouse) -> None:
    job_id = create(
        server,
        name="nightly",
        tasks=[script(server, "n", "pass")],
        schedule={"quartz_cron_expression": "0 30 2 * * ?", "timezone_id": "Europe/Berlin"},
    )

    shown = server.run("jobs", "schedules").stdout
    assert "nightly" in shown
    assert "at 02:30 every day" in shown
    assert server.run("jobs", "pause", "nightly").returncode == 0
    assert "PAUSED" in server.run("jobs", "schedules").stdout
    assert server.run("jobs", "unpause", str(job_id)).returncode == 0
    cleaned = server.run("jobs", "clean", "--dry-run")
    assert (cleaned.returncode, "0 runs" in cleaned.stdout) == (0, True)
    assert server.run("notifications", "create", "cli", "--email", "a@example.org").returncode == 0
    assert "cli" in server.run("notifications", "list").stdout
    assert server.run("notifications", "delete", "cli").returncode == 0
