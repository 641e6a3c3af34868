"""Graphs that steer themselves, over REST: conditions, loops, values, other jobs, and the order of it all."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import BoathouseError
from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server

API = "/api/2.2/jobs"
BACKFILLS = "/api/boathouse/v1/jobs/backfills"
LEAVE = """
import json, os, sys, urllib.request
def leave(key, value):
    body = json.dumps({"key": key, "value": value}).encode()
    headers = {"Authorization": "Bearer " + os.environ["BOATHOUSE_TOKEN"], "Content-Type": "application/json"}
    url = os.environ["BOATHOUSE_URL"] + "/api/boathouse/v1/jobs/task-values"
    urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PUT")).read()
leave(sys.argv[1], json.loads(sys.argv[2]))
"""


class Graphs:
    """Makes jobs of small scripts, runs them, and looks at what came of it."""

    def __init__(self, server: LocalBoathouse, folder: Path) -> None:
        self.client = server.client()
        self.folder = folder
        (folder / "say.py").write_text("import sys\nprint(*sys.argv[1:])\n")
        (folder / "fail.py").write_text("raise ValueError('no')\n")
        (folder / "slow.py").write_text("import time\ntime.sleep(600)\n")
        (folder / "leave.py").write_text(LEAVE)

    def script(self, name: str, *parameters: str) -> dict[str, Any]:
        return {"spark_python_task": {"python_file": str(self.folder / f"{name}.py"), "parameters": list(parameters)}}

    def task(self, key: str, name: str = "say", *parameters: str, after: Any = (), **more: Any) -> dict[str, Any]:
        depends_on = [{"task_key": each} if isinstance(each, str) else each for each in after]
        return {"task_key": key, "depends_on": depends_on, **self.script(name, *parameters), **more}

    def create(self, *tasks: dict[str, Any], **more: Any) -> int:
        return self.client.post(f"{API}/create", {"name": "graph", "tasks": list(tasks), **more})["job_id"]

    def start(self, job_id: int, **more: Any) -> int:
        return self.client.post(f"{API}/run-now", {"job_id": job_id, **more})["run_id"]

    def run(self, *tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.ended(self.start(self.create(*tasks, **more)))

    def look(self, run_id: int, **more: Any) -> dict[str, Any]:
        return self.client.get(f"{API}/runs/get", run_id=run_id, **more)

    def ended(self, run_id: int) -> dict[str, Any]:
        self.until(lambda: self.look(run_id)["end_time"])
        return self.look(run_id, include_history=True)

    def results(self, run: dict[str, Any]) -> dict[str, str]:
        return {task["task_key"]: task["state"]["result_state"] for task in run["tasks"]}

    def logs(self, run: dict[str, Any], key: str) -> str:
        task = next(task for task in run["tasks"] if task["task_key"] == key)
        return self.client.get(f"{API}/runs/get-output", run_id=task["run_id"])["logs"]

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "It has not happened."
            time.sleep(0.05)


@pytest.fixture(scope="module")
def graphs(boathouse: LocalBoathouse, tmp_path_factory: pytest.TempPathFactory) -> Graphs:
    return Graphs(boathouse, tmp_path_factory.mktemp("graphs"))


def test_a_condition_chooses_the_branch_by_a_value_that_a_task_has_left(graphs: Graphs) -> None:
    condition = {"op": "GREATER_THAN", "left": "{{tasks.load.values.rows}}", "right": "9.5"}

    run = graphs.run(
        graphs.task("load", "leave", "rows", "10"),
        {"task_key": "many", "depends_on": [{"task_key": "load"}], "condition_task": condition},
        graphs.task("train", "say", "{{tasks.load.values.rows}}", "{{tasks.many.result_state}}",
                    after=[{"task_key": "many", "outcome": "true"}]),
        graphs.task("wait", after=[{"task_key": "many", "outcome": "false"}]),
        graphs.task("more", after=["wait"]),
        graphs.task("both", after=["train", "wait"]),
    )  # fmt: skip

    assert graphs.results(run) == {
        "load": "SUCCESS", "many": "SUCCESS", "train": "SUCCESS", "wait": "EXCLUDED", "more": "EXCLUDED",
        "both": "SUCCESS",
    }  # fmt: skip
    assert run["state"]["result_state"] == "SUCCESS"
    assert graphs.logs(run, "train") == "10 success\n"
    load, many = run["tasks"][:2]
    assert load["values"] == {"rows": 10}
    assert many["condition_task"]["outcome"] == "true"


def test_a_failure_can_be_dealt_with_and_the_last_tasks_decide(graphs: Graphs) -> None:
    run = graphs.run(
        graphs.task("bad", "fail"),
        graphs.task("after", after=["bad"]),
        graphs.task("alarm", "say", "{{tasks.bad.error_code}}", after=["bad"], run_if="AT_LEAST_ONE_FAILED"),
        graphs.task("tidy", after=["after", "alarm"], run_if="ALL_DONE"),
    )

    expected = {"bad": "FAILED", "after": "UPSTREAM_FAILED", "alarm": "SUCCESS", "tidy": "SUCCESS"}
    assert graphs.results(run) == expected
    assert (run["state"]["life_cycle_state"], run["state"]["result_state"]) == ("TERMINATED", "SUCCESS_WITH_FAILURES")
    assert graphs.logs(run, "alarm") == "RunExecutionError\n"


def test_a_condition_over_a_value_that_is_not_there_fails_and_says_which_there_are(graphs: Graphs) -> None:
    condition = {"op": "EQUAL_TO", "left": "{{tasks.load.values.rwos}}", "right": "1"}

    run = graphs.run(
        graphs.task("load", "leave", "rows", "1"),
        {"task_key": "check", "depends_on": [{"task_key": "load"}], "condition_task": condition},
    )

    assert graphs.results(run)["check"] == "FAILED"
    assert "has left no value 'rwos'. Did you mean rows?" in run["tasks"][1]["state"]["state_message"]


def test_a_loop_runs_its_task_for_each_input_that_another_task_has_found(graphs: Graphs) -> None:
    inputs = '[{"month": 6, "who": "ada"}, {"month": 7, "who": "bob"}, {"month": 8, "who": "eve"}]'
    nested = {"task_key": "each", **graphs.script("say", "{{input.month}}", "{{input.who}}")}

    run = graphs.run(
        graphs.task("find", "leave", "months", inputs),
        {
            "task_key": "loop",
            "depends_on": [{"task_key": "find"}],
            "for_each_task": {"inputs": "{{tasks.find.values.months}}", "concurrency": 2, "task": nested},
        },
    )

    loop = run["tasks"][1]
    stats = loop["for_each_task"]["stats"]["task_run_stats"]
    assert (run["state"]["result_state"], stats["succeeded_iterations"], stats["total_iterations"]) == ("SUCCESS", 3, 3)
    iterations = graphs.look(loop["run_id"])["iterations"]
    assert [each["input"]["who"] for each in iterations] == ["ada", "bob", "eve"]
    outputs = [graphs.client.get(f"{API}/runs/get-output", run_id=each["run_id"])["logs"] for each in iterations]
    assert outputs == ["6 ada\n", "7 bob\n", "8 eve\n"]


def test_a_loop_of_which_one_iteration_fails_fails_and_names_it(graphs: Graphs) -> None:
    (graphs.folder / "odd.py").write_text("import sys\nassert int(sys.argv[1]) % 2, 'even'\n")
    nested = {"task_key": "each", **graphs.script("odd", "{{input}}")}

    run = graphs.run({"task_key": "loop", "for_each_task": {"inputs": "[1, 2, 3]", "concurrency": 3, "task": nested}})

    message = run["tasks"][0]["state"]["state_message"]
    assert message == "1 of its iterations failed; iteration 1 (2): AssertionError: even"
    errors = run["tasks"][0]["for_each_task"]["stats"]["error_message_stats"]
    assert [(each["count"], each["error_message"]) for each in errors] == [(1, "AssertionError: even")]


def test_conditions_can_be_looped_over_and_an_empty_loop_is_done_at_once(graphs: Graphs) -> None:
    nested = {"task_key": "c", "condition_task": {"op": "LESS_THAN", "left": "{{input}}", "right": "2"}}

    run = graphs.run(
        {"task_key": "loop", "for_each_task": {"inputs": "[1, 2]", "task": nested}},
        {"task_key": "none", "for_each_task": {"inputs": "[]", "task": {"task_key": "n", **graphs.script("fail")}}},
        graphs.task("after", after=["loop", "none"]),
    )

    assert graphs.results(run) == {"loop": "SUCCESS", "none": "SUCCESS", "after": "SUCCESS"}
    iterations = graphs.look(run["tasks"][0]["run_id"])["iterations"]
    assert [each["condition_task"]["outcome"] for each in iterations] == ["true", "false"]


def test_inputs_that_turn_out_to_be_too_many_are_refused_before_anything_starts(graphs: Graphs) -> None:
    nested = {"task_key": "each", **graphs.script("say")}
    loop = {"inputs": "{{job.parameters.items}}", "task": nested}
    job_id = graphs.create({"task_key": "loop", "for_each_task": loop}, parameters=[{"name": "items", "default": "[]"}])

    items = "[" + "0," * 99_999 + "0]"
    run = graphs.ended(graphs.start(job_id, job_parameters={"items": items}))

    assert "100000 items; a for_each_task takes at most 5000" in run["tasks"][0]["state"]["state_message"]
    assert graphs.look(run["tasks"][0]["run_id"])["iterations"] == []


def test_a_task_runs_another_job_with_parameters_and_waits_for_it(graphs: Graphs) -> None:
    child = graphs.create(
        graphs.task("say", "say", "{{job.parameters.month}}"), parameters=[{"name": "month", "default": "1"}]
    )

    run = graphs.run(
        {"task_key": "call", "run_job_task": {"job_id": child, "job_parameters": {"month": "{{job.id}}"}}},
        graphs.task("after", after=["call"]),
    )

    assert graphs.results(run) == {"call": "SUCCESS", "after": "SUCCESS"}
    output = graphs.client.get(f"{API}/runs/get-output", run_id=run["tasks"][0]["run_id"])
    child_run = graphs.look(output["run_job_output"]["run_id"])
    assert graphs.logs(child_run, "say") == f"{run['job_id']}\n"
    assert (child_run["trigger"], child_run["trigger_info"]) == ("RUN_JOB_TASK", {"run_id": run["run_id"]})


def test_cancelling_a_run_cancels_the_run_that_it_waits_for(graphs: Graphs) -> None:
    child = graphs.create(graphs.task("slow", "slow"))
    run_id = graphs.start(graphs.create({"task_key": "call", "run_job_task": {"job_id": child}}))
    graphs.until(lambda: "run_job_output" in graphs.look(run_id)["tasks"][0])

    graphs.client.post(f"{API}/runs/cancel", {"run_id": run_id})

    run = graphs.ended(run_id)
    assert run["state"]["result_state"] == "CANCELED"
    child_run = graphs.look(run["tasks"][0]["run_job_output"]["run_id"])
    assert child_run["state"]["result_state"] == "CANCELED"


def test_jobs_that_run_each_other_in_a_circle_stop_at_once(graphs: Graphs) -> None:
    first = graphs.create(graphs.task("say"))
    second = graphs.create({"task_key": "back", "run_job_task": {"job_id": first}})
    tasks = [{"task_key": "there", "run_job_task": {"job_id": second}}]
    graphs.client.post(f"{API}/reset", {"job_id": first, "new_settings": {"name": "circle", "tasks": tasks}})

    run = graphs.ended(graphs.start(first))

    assert run["state"]["result_state"] == "FAILED"
    assert f"The jobs run each other in a circle: {first} -> {second} -> {first}." in run["state"]["state_message"]


def test_disabled_tasks_and_those_not_chosen_are_passed_over(graphs: Graphs) -> None:
    job_id = graphs.create(
        graphs.task("a", "fail"), graphs.task("b", after=["a"]), graphs.task("c", after=["b"], disabled=True),
        graphs.task("d", after=["c"]),
    )  # fmt: skip

    run = graphs.ended(graphs.start(job_id, only=["b", "c", "d"]))

    assert graphs.results(run) == {"a": "DISABLED", "b": "SUCCESS", "c": "DISABLED", "d": "SUCCESS"}
    assert run["state"]["result_state"] == "SUCCESS"


def test_a_repair_does_only_what_failed_and_what_depends_on_it(graphs: Graphs) -> None:
    (graphs.folder / "flaky.py").write_text("raise ValueError('broken')\n")
    run = graphs.run(
        graphs.task("load", "leave", "rows", "3"),
        graphs.task("fit", "flaky", after=["load"]),
        graphs.task("use", "say", "{{tasks.load.values.rows}}", "{{job.repair_count}}", after=["load", "fit"]),
        graphs.task("beside", after=["load"]),
    )
    assert run["state"]["result_state"] == "FAILED"
    (graphs.folder / "flaky.py").write_text("print('mended')\n")

    repair = graphs.client.post(f"{API}/runs/repair", {"run_id": run["run_id"], "rerun_all_failed_tasks": True})

    again = graphs.ended(run["run_id"])
    assert again["state"]["result_state"] == "SUCCESS"
    ids = {task["task_key"]: task["run_id"] for task in run["tasks"]}
    last = {task["task_key"]: task for task in again["tasks"]}
    assert {key for key, task in last.items() if task["run_id"] != ids[key]} == {"fit", "use"}
    assert (last["fit"]["attempt_number"], graphs.logs(graphs.look(run["run_id"]), "use")) == (1, "3 1\n")
    first, second = again["repair_history"]
    assert (first["type"], first["state"]["result_state"]) == ("ORIGINAL", "FAILED")
    assert (second["type"], second["id"], second["state"]["result_state"]) == ("REPAIR", repair["repair_id"], "SUCCESS")
    assert set(second["task_run_ids"]) == {last["fit"]["run_id"], last["use"]["run_id"]}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"rerun_all_failed_tasks": True}, "nothing has failed"),
        ({}, "Exactly one of rerun_tasks and rerun_all_failed_tasks"),
        ({"rerun_tasks": ["sya"]}, "has no task sya. Did you mean say?"),
        ({"rerun_tasks": ["say"], "latest_repair_id": 99}, "latest_repair_id is 99, but of run"),
        ({"rerun_tasks": ["say"], "job_parameters": {"x": "1"}}, "has no parameter 'x'"),
    ],
)
def test_a_repair_that_makes_no_sense_changes_nothing(graphs: Graphs, request_: dict[str, Any], message: str) -> None:
    run = graphs.run(graphs.task("say"))

    with pytest.raises(BoathouseError) as refused:
        graphs.client.post(f"{API}/runs/repair", {"run_id": run["run_id"], **request_})

    assert message in str(refused.value)
    again = graphs.look(run["run_id"], include_history=True)
    assert (again["state"]["result_state"], "repair_history" in again) == ("SUCCESS", False)


def test_a_loop_that_is_repaired_keeps_the_iterations_that_succeeded(graphs: Graphs) -> None:
    marker = graphs.folder / "third"
    (graphs.folder / "third.py").write_text(
        f"import os, sys\nprint(sys.argv[1])\nassert sys.argv[1] != '3' or os.path.exists({str(marker)!r})\n"
    )
    nested = {"task_key": "each", **graphs.script("third", "{{input}}")}
    run = graphs.run(
        {"task_key": "loop", "for_each_task": {"inputs": "[1, 2, 3, 4]", "concurrency": 4, "task": nested}}
    )
    before = graphs.look(run["tasks"][0]["run_id"])["iterations"]
    marker.touch()

    graphs.client.post(f"{API}/runs/repair", {"run_id": run["run_id"], "rerun_all_failed_tasks": True})

    again = graphs.ended(run["run_id"])
    after = graphs.look(again["tasks"][0]["run_id"])["iterations"]
    assert again["state"]["result_state"] == "SUCCESS"
    changed = [one["input"] for one, other in zip(after, before, strict=True) if one["run_id"] != other["run_id"]]
    assert changed == [3]


def test_a_job_that_runs_already_skips_or_queues_the_next_run(graphs: Graphs) -> None:
    skips = graphs.create(graphs.task("slow", "slow"))
    queues = graphs.create(graphs.task("slow", "slow"), queue={"enabled": True})
    first, second, third, fourth = (graphs.start(job_id) for job_id in (skips, skips, queues, queues))
    graphs.until(lambda: graphs.look(third)["state"]["life_cycle_state"] == "RUNNING")

    skipped, waiting = graphs.look(second), graphs.look(fourth)

    assert skipped["state"]["life_cycle_state"] == "SKIPPED"
    assert skipped["state"]["result_state"] == "MAXIMUM_CONCURRENT_RUNS_REACHED"
    assert waiting["state"]["life_cycle_state"] == "QUEUED"
    for run_id in (first, third):
        graphs.client.post(f"{API}/runs/cancel", {"run_id": run_id})
    graphs.until(lambda: graphs.look(fourth)["state"]["life_cycle_state"] == "RUNNING")
    graphs.client.post(f"{API}/runs/cancel", {"run_id": fourth})


def test_a_backfill_runs_the_job_for_each_instant_and_can_be_resumed(graphs: Graphs) -> None:
    marker = graphs.folder / "may"
    (graphs.folder / "month.py").write_text(
        f"import os\nprint(os.environ['BOATHOUSE_AS_OF'])\n"
        f"assert '-05-' not in os.environ['BOATHOUSE_AS_OF'] or os.path.exists({str(marker)!r})\n"
    )
    job_id = graphs.create(graphs.task("month", "month"), max_concurrent_runs=2)
    body = {"job_id": job_id, "start": "2013-03-31T00:00:00Z", "end": "2013-06-30T00:00:00Z", "every": "1M"}
    backfill = f"/api/boathouse/v1/jobs/backfills/{graphs.client.post(BACKFILLS, body)['backfill_id']}"
    graphs.until(lambda: graphs.client.get(backfill)["states"] == {"SUCCESS": 3, "FAILED": 1})
    marker.touch()

    assert graphs.client.post(f"{backfill}/resume", {})["runs"] == 1

    graphs.until(lambda: graphs.client.get(backfill)["states"] == {"SUCCESS": 4})
    runs = graphs.client.get(f"{API}/runs/list", job_id=job_id)["runs"]
    assert [run["as_of"][:10] for run in reversed(runs)] == ["2013-03-31", "2013-04-30", "2013-05-31", "2013-06-30"]


def test_a_one_time_run_needs_no_job(graphs: Graphs) -> None:
    body = {"run_name": "once", "tasks": [graphs.task("say", "say", "{{job.name}}")], "idempotency_token": "once-1"}

    run_id = graphs.client.post(f"{API}/runs/submit", body)["run_id"]

    assert graphs.client.post(f"{API}/runs/submit", body)["run_id"] == run_id
    run = graphs.ended(run_id)
    assert (run["run_type"], run["run_name"], graphs.logs(run, "say")) == ("SUBMIT_RUN", "once", "once\n")
    assert run_id in [each["run_id"] for each in graphs.client.get(f"{API}/runs/list")["runs"]]
    with pytest.raises(BoathouseError, match="schedule: a run without a job has none"):
        graphs.client.post(f"{API}/runs/submit", {**body, "schedule": {}})


def test_the_command_line_repairs_and_backfills(graphs: Graphs, boathouse: LocalBoathouse) -> None:
    (graphs.folder / "once.py").write_text("raise ValueError('not yet')\n")
    job_id = str(graphs.create(graphs.task("once", "once"), graphs.task("other"), name="by hand"))
    failed = boathouse.run("jobs", "run", job_id, "--only", "once", "--wait")
    run_id = str(graphs.client.get(f"{API}/runs/list", job_id=job_id)["runs"][0]["run_id"])
    (graphs.folder / "once.py").write_text("print('now')\n")

    mended = boathouse.run("jobs", "repair", run_id, "--wait")
    months = ("--from", "2013-01-01T00:00:00Z", "--to", "2013-02-01T00:00:00Z", "--every", "1M")
    filled = boathouse.run("jobs", "backfill", "by hand", *months, "--wait")

    assert (failed.returncode, mended.returncode, filled.returncode) == (1, 0, 0), (mended.stderr, filled.stderr)
    assert f"run {run_id}: SUCCESS" in mended.stdout
    assert "2 of 2 ended (2 SUCCESS)" in filled.stdout
    assert "2013-01-01T00:00:00Z to 2013-02-01T00:00:00Z" in boathouse.run("jobs", "backfills", job_id).stdout


def test_a_large_run_is_shown_in_pages(graphs: Graphs) -> None:
    run = graphs.run(*(graphs.task(f"t{number}", disabled=True) for number in range(250)))

    first = graphs.look(run["run_id"])
    second = graphs.look(run["run_id"], page_token=first["next_page_token"])
    third = graphs.look(run["run_id"], page_token=second["next_page_token"])

    assert [len(each["tasks"]) for each in (first, second, third)] == [100, 100, 50]
    assert "next_page_token" not in third
    keys = [task["task_key"] for each in (first, second, third) for task in each["tasks"]]
    assert keys == [f"t{number}" for number in range(250)]
    older = graphs.client.get("/api/2.1/jobs/runs/get", run_id=run["run_id"])
    assert len(older["tasks"]) == 250


def test_the_databricks_sdk_follows_the_pages(graphs: Graphs, boathouse: LocalBoathouse) -> None:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.jobs import RepairHistoryItemType

    workspace = WorkspaceClient(host=boathouse.url, token=boathouse.token, auth_type="pat")
    nested = {"task_key": "each", "condition_task": {"op": "EQUAL_TO", "left": "{{input}}", "right": "1"}}
    inputs = str(list(range(150)))
    tasks = [graphs.task(f"t{number}", disabled=True) for number in range(120)]
    job_id = graphs.create({"task_key": "loop", "for_each_task": {"inputs": inputs, "task": nested}}, *tasks)

    run = workspace.jobs.run_now(job_id).result()

    whole = workspace.jobs.get_run(run.run_id)
    loop = workspace.jobs.get_run(whole.tasks[0].run_id)
    assert (len(workspace.jobs.get(job_id).settings.tasks), len(whole.tasks), len(loop.iterations)) == (121, 121, 150)
    assert whole.tasks[0].for_each_task.stats.task_run_stats.succeeded_iterations == 150
    repaired = workspace.jobs.repair_run(run.run_id, rerun_tasks=["loop"]).result()
    history = workspace.jobs.get_run(repaired.run_id, include_history=True).repair_history
    assert [each.type for each in history] == [RepairHistoryItemType.ORIGINAL, RepairHistoryItemType.REPAIR]


@pytest.mark.parametrize(("how", "result"), [("cancel", "CANCELED"), ("timeout", "TIMEDOUT")])
def test_a_loop_that_is_stopped_stops_what_runs_and_starts_no_more(graphs: Graphs, how: str, result: str) -> None:
    nested = {"task_key": "each", **graphs.script("slow")}
    loop = {"task_key": "loop", "for_each_task": {"inputs": "[1, 2, 3]", "concurrency": 2, "task": nested}}
    limit = {"timeout_seconds": 2} if how == "timeout" else {}
    run_id = graphs.start(graphs.create({**loop, **limit}, graphs.task("after", after=["loop"])))
    graphs.until(lambda: "stats" in graphs.look(run_id)["tasks"][0]["for_each_task"])
    loop_id = graphs.look(run_id)["tasks"][0]["run_id"]
    graphs.until(lambda: any(each["start_time"] for each in graphs.look(loop_id)["iterations"]))

    if how == "cancel":
        graphs.client.post(f"{API}/runs/cancel", {"run_id": run_id})

    run = graphs.ended(run_id)
    assert graphs.results(run)["loop"] == result
    assert graphs.results(run)["after"] in ("UPSTREAM_CANCELED", "UPSTREAM_FAILED")
    iterations = graphs.look(loop_id)["iterations"]
    assert {each["state"]["result_state"] for each in iterations} == {result}
    assert iterations[2]["start_time"] == 0


def test_a_task_that_runs_another_job_is_tried_again_with_a_run_of_its_own(graphs: Graphs) -> None:
    marker = graphs.folder / "second"
    (graphs.folder / "second.py").write_text(
        f"import os\nif not os.path.exists({str(marker)!r}):\n    open({str(marker)!r}, 'w').close()\n    assert 0\n"
    )
    child = graphs.create(graphs.task("a", "second"))

    run = graphs.run({"task_key": "call", "run_job_task": {"job_id": child}, "max_retries": 1})

    assert (run["state"]["result_state"], run["tasks"][0]["attempt_number"]) == ("SUCCESS", 1)
    results = [each["state"]["result_state"] for each in graphs.client.get(f"{API}/runs/list", job_id=child)["runs"]]
    assert results == ["SUCCESS", "FAILED"]


def test_a_job_that_is_not_there_is_named_with_its_place(graphs: Graphs) -> None:
    nested = {"task_key": "each", "run_job_task": {"job_id": 999_999}}
    loop = {"task_key": "loop", "for_each_task": {"inputs": "[1]", "task": nested}}

    with pytest.raises(BoathouseError, match=r"for_each_task\.task\.run_job_task\.job_id: there is no job 999999"):
        graphs.create(loop)


def test_the_rights_to_run_the_other_job_are_those_of_the_run(graphs: Graphs) -> None:
    graphs.client.post("/api/2.0/preview/scim/v2/Users", {"userName": "mia"})
    child = graphs.create(graphs.task("say"))
    parent = graphs.create({"task_key": "call", "run_job_task": {"job_id": child}}, run_as={"user_name": "mia"})

    run = graphs.ended(graphs.start(parent))

    assert run["state"]["result_state"] == "FAILED"
    assert run["tasks"][0]["state"]["state_message"] == f"There is no job {child}. List them with: boathouse jobs list"
    assert graphs.client.get(f"{API}/runs/list", job_id=child).get("runs", []) == []
