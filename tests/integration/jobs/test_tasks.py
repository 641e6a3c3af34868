"""What each kind of task does, what a task finds, and how it can end."""

import json
import time
from pathlib import Path

import pytest

from boathouse.foundation.errors import BoathouseError
from boathouse.jobs.states import LifeCycleState, ResultState

pytestmark = pytest.mark.server


def python(key: str, file: str, *parameters: str, **more: object) -> dict[str, object]:
    return {"task_key": key, "spark_python_task": {"python_file": file, "parameters": list(parameters)}, **more}


def test_a_script_runs_as_main_with_its_parameters_beside_its_own_modules(working_home) -> None:
    working_home.script("src/helper.py", "VALUE = 'from the helper'")
    working_home.script(
        "src/main.py", "import sys, helper\nif __name__ == '__main__':\n    print(sys.argv[1:], helper.VALUE)"
    )

    run = working_home.run({"tasks": [python("main", "src/main.py", "a", "b c")]})

    assert run.state.result is ResultState.SUCCESS
    assert working_home.log(run, "main") == "['a', 'b c'] from the helper\n"


def test_a_file_of_the_bundle_takes_nothing_away_from_the_standard_library(working_home) -> None:
    working_home.script("token.py", "raise AssertionError('not this one')")
    working_home.script("deep/main.py", "import tokenize, deep.other\nprint(tokenize.__name__)")
    working_home.script("deep/other.py", "")

    run = working_home.run({"tasks": [python("main", "deep/main.py")]})

    assert working_home.log(run, "main") == "tokenize\n"


def test_a_task_finds_its_place_in_the_environment(working_home) -> None:
    working_home.script("env.py", "import json, os\nprint(json.dumps(dict(os.environ, CWD=os.getcwd())))")
    definition = {"name": "env", "tasks": [python("env", "env.py")], "parameters": [{"name": "month", "default": "1"}]}

    run = working_home.run(definition, parameters={"month": 7}, as_of="2013-07-01T00:00:00Z")

    found = json.loads(working_home.log(run, "env"))
    assert found["BOATHOUSE_URL"] == found["MLFLOW_TRACKING_URI"] == found["DATABRICKS_HOST"]
    assert found["BOATHOUSE_TOKEN"] == found["MLFLOW_TRACKING_TOKEN"] == found["DATABRICKS_TOKEN"]
    assert found["BOATHOUSE_AS_OF"] == "2013-07-01T00:00:00Z"
    assert json.loads(found["BOATHOUSE_PARAMETERS"]) == {"month": "7"}
    assert found["BOATHOUSE_TASK_KEY"] == "env" and found["BOATHOUSE_RUN_ID"] == str(run.run_id)
    assert "MLFLOW_REGISTRY_URI" not in found and "BOATHOUSE_PORT" not in found
    assert Path(found["CWD"]).is_relative_to(working_home.home.runs)


def test_the_token_of_a_task_knows_where_it_came_from_and_ends_with_the_task(working_home) -> None:
    working_home.script(
        "print_token.py", "import os, time\nprint(os.environ['BOATHOUSE_TOKEN'], flush=True)\ntime.sleep(3)"
    )
    job_id = working_home.create({"name": "token", "tasks": [python("t", "print_token.py")]})
    run_id = working_home.jobs.run_now(working_home.admin, job_id)
    working_home.until(lambda: working_home.log(working_home.look(run_id), "t").endswith("\n"))

    secret = working_home.log(working_home.look(run_id), "t").strip()
    known = working_home.catalog.identities.authenticate(secret)

    assert known.principal.name == "ada"
    assert known.task is not None
    assert (known.task.bundle, known.task.target, known.task.git_commit) == ("bundle", "dev", "c0ffee")
    assert (known.task.run_id, known.task.task_key, known.task.git_dirty) == (run_id, "t", False)
    lock = working_home.home.environments / str(known.task.environment_key) / "lock.txt"
    assert "boathouse==" in lock.read_text()
    working_home.wait(run_id)
    with pytest.raises(BoathouseError, match="revoked"):
        working_home.until(lambda: working_home.catalog.identities.authenticate(secret) is None)


def test_a_task_reports_peak_memory_and_cpu_seconds(working_home) -> None:
    working_home.script(
        "big.py",
        "import time\nb = bytearray(120_000_000)\nt = time.process_time()\nwhile time.process_time() - t < 0.3: pass",
    )
    working_home.script("small.py", "")

    run = working_home.run({"tasks": [python("big", "big.py"), python("small", "small.py")]})

    assert run.task("big").peak_memory_bytes > 120_000_000 and run.task("big").cpu_seconds > 0.3
    assert run.task("small").peak_memory_bytes < 60_000_000


def test_an_error_names_itself_and_skips_what_comes_after(working_home) -> None:
    working_home.script("bad.py", "def fail():\n    raise ValueError('no such month')\n\nfail()\n")
    working_home.script("never.py", "print('never')")
    tasks = [python("bad", "bad.py"), python("never", "never.py", depends_on=[{"task_key": "bad"}])]

    run = working_home.run({"tasks": tasks})

    assert (run.state.life_cycle, run.state.result) == (LifeCycleState.INTERNAL_ERROR, ResultState.FAILED)
    assert "Task bad failed with message: ValueError: no such month" in run.state.message
    bad = run.task("bad")
    assert bad.state.message == "ValueError: no such month" and bad.exit_code == 1
    assert bad.error_trace.startswith("Traceback") and "line 2, in fail" in bad.error_trace
    assert "bootstrap" not in bad.error_trace
    assert run.task("never").state.result is ResultState.UPSTREAM_FAILED


def test_a_file_beside_the_script_takes_nothing_from_the_error(working_home) -> None:
    working_home.script("shadow/token.py", "raise AssertionError('not this one')")
    working_home.script("shadow/bad.py", "raise ValueError('this one')")

    run = working_home.run({"tasks": [python("bad", "shadow/bad.py")]})

    assert run.task("bad").state.message == "ValueError: this one"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import sys; sys.exit(3)", "The task left with exit code 3."),
        ("import sys; sys.exit('that is all')", "The task left with exit code 1."),
        ("import os; os._exit(4)", "The task left with exit code 4."),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "The task's process was ended by SIGSEGV."),
        ("x = (", "SyntaxError: '(' was never closed"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)
def test_every_way_to_fail_is_told_apart(working_home, text: str, message: str) -> None:
    working_home.script("fails.py", text)

    run = working_home.run({"tasks": [python("fails", "fails.py")]})

    assert run.task("fails").state.result is ResultState.FAILED
    assert run.task("fails").state.message.startswith(message)


def test_a_file_that_vanished_fails_the_task_with_its_name(working_home) -> None:
    working_home.script("gone.py", "")
    job_id = working_home.create({"tasks": [python("gone", "gone.py")]})
    (working_home.source / "gone.py").unlink()

    run = working_home.wait(working_home.jobs.run_now(working_home.admin, job_id))

    assert run.task("gone").state.result is ResultState.FAILED
    assert "There is no file gone.py in the deployment of bundle bundle." in run.task("gone").state.message


def test_a_task_is_retried_as_often_as_it_may(working_home) -> None:
    working_home.script(
        "flaky.py",
        "import os, sys\nnumber = os.environ['BOATHOUSE_ATTEMPT']\nprint('attempt', number)\nsys.exit(number != '2')",
    )

    run = working_home.run({"tasks": [python("flaky", "flaky.py", max_retries=2, min_retry_interval_millis=10)]})

    assert run.state.result is ResultState.SUCCESS
    assert working_home.log(run, "flaky") == "attempt 2\n" and working_home.log(run, "flaky", 0) == "attempt 0\n"
    attempts = working_home.jobs.attempts(working_home.admin, run.task("flaky").task_run_id)
    assert [attempt.result for attempt in attempts] == [ResultState.FAILED, ResultState.FAILED, ResultState.SUCCESS]


def test_a_task_that_never_succeeds_fails_after_its_retries(working_home) -> None:
    working_home.script("fails.py", "1/0")

    run = working_home.run({"tasks": [python("fails", "fails.py", max_retries=1)]})

    assert run.task("fails").state.result is ResultState.FAILED and run.task("fails").attempt == 1


def test_a_task_that_takes_too_long_is_stopped(working_home) -> None:
    working_home.script("slow.py", "import time\ntime.sleep(600)")

    run = working_home.run({"tasks": [python("slow", "slow.py", timeout_seconds=1)]})

    assert run.task("slow").state.result is ResultState.TIMEDOUT
    assert run.task("slow").state.message == "The task took longer than its 1 s."
    assert run.state.result is ResultState.FAILED


def test_a_run_that_takes_too_long_is_stopped(working_home) -> None:
    working_home.script("slow.py", "import time\ntime.sleep(600)")
    tasks = [python("slow", "slow.py"), python("next", "slow.py", depends_on=[{"task_key": "slow"}])]

    run = working_home.run({"tasks": tasks, "timeout_seconds": 1})

    assert (run.state.life_cycle, run.state.result) == (LifeCycleState.TERMINATED, ResultState.TIMEDOUT)


def test_cancelling_stops_the_task_and_what_comes_after(working_home) -> None:
    working_home.script("slow.py", "import time\nprint('here', flush=True)\ntime.sleep(600)")
    tasks = [python("slow", "slow.py"), python("next", "slow.py", depends_on=[{"task_key": "slow"}])]
    run_id = working_home.jobs.run_now(working_home.admin, working_home.create({"tasks": tasks}))
    working_home.until(lambda: working_home.log(working_home.look(run_id), "slow"))

    working_home.jobs.cancel_run(working_home.admin, run_id)

    run = working_home.wait(run_id)
    assert (run.state.life_cycle, run.state.result) == (LifeCycleState.TERMINATED, ResultState.CANCELED)
    assert run.task("slow").state.result is ResultState.CANCELED
    assert run.task("next").state.result is ResultState.UPSTREAM_CANCELED


def test_independent_tasks_run_side_by_side_and_joins_wait_for_all(working_home) -> None:
    working_home.script(
        "meet.py",
        "import os, sys, time\nfrom pathlib import Path\nme, other = sys.argv[1:]\nPath(me).touch()\n"
        "end = time.time() + 30\nwhile not Path(other).exists():\n    assert time.time() < end\n    time.sleep(0.01)\n",
    )
    working_home.script("join.py", "print('joined')")
    a, b = str(working_home.source / "a.flag"), str(working_home.source / "b.flag")
    both = [{"task_key": "left"}, {"task_key": "right"}]
    tasks = [
        python("left", "meet.py", a, b),
        python("right", "meet.py", b, a),
        python("join", "join.py", depends_on=both),
    ]

    run = working_home.run({"tasks": tasks})

    assert run.state.result is ResultState.SUCCESS
    assert run.task("join").started_at >= max(run.task("left").ended_at, run.task("right").ended_at)


def test_references_are_replaced_when_the_task_starts(working_home) -> None:
    working_home.script("args.py", "import sys\nprint(*sys.argv[1:], sep='|')")
    task = python(
        "args", "args.py", "{{job.parameters.month}}", "{{job.run_id}}", "{{task.name}}", "{{job.id}}", "{{else}}"
    )

    run = working_home.run({"tasks": [task], "parameters": [{"name": "month", "default": "2013-06"}]})

    assert working_home.log(run, "args") == f"2013-06|{run.run_id}|args|{run.job_id}|{{{{else}}}}\n"


def test_logs_grow_while_the_task_runs(working_home) -> None:
    working_home.script("talks.py", "import time\nfor i in range(3):\n    print('line', i)\n    time.sleep(0.4)")
    run_id = working_home.jobs.run_now(
        working_home.admin, working_home.create({"tasks": [python("talks", "talks.py")]})
    )

    reader = working_home.jobs.task_logs(working_home.admin, run_id, "talks")
    pieces = []
    while (piece := reader.read()) is not None:
        if piece:
            pieces.append(piece)
        time.sleep(0.02)

    assert b"".join(pieces) == b"line 0\nline 1\nline 2\n" and len(pieces) == 3


NOTEBOOK = """# Databricks notebook source
# MAGIC %md
# MAGIC # A notebook

# COMMAND ----------

dbutils.widgets.text("month", "1")
month = dbutils.widgets.get("month")

# COMMAND ----------

# MAGIC %run ./shared

# COMMAND ----------

# MAGIC %pip install pandas>=2 no-such-package

# COMMAND ----------

display([greet(month)])
dbutils.notebook.exit(f"month {month}")

# COMMAND ----------

raise AssertionError("not reached")
"""


def test_a_notebook_runs_its_cells_and_gives_back_its_exit_value(working_home) -> None:
    working_home.script("nb/main.py", NOTEBOOK)
    working_home.script(
        "nb/shared.py", "# Databricks notebook source\ndef greet(month):\n    return 'hello ' + month\n"
    )
    task = {"task_key": "nb", "notebook_task": {"notebook_path": "nb/main", "base_parameters": {"month": "7"}}}

    run = working_home.run({"tasks": [task]})

    log = working_home.log(run, "nb")
    assert run.state.result is ResultState.SUCCESS, log
    assert run.task("nb").result == "month 7"
    assert "['hello 7']" in log
    assert "not run, the environment is locked; the environment has pandas" in log
    assert "the environment has no no-such-package" in log


def test_an_error_in_a_notebook_names_the_line_of_the_file(working_home) -> None:
    text = "# Databricks notebook source\nx = 1\n\n# COMMAND ----------\n\ny = x / 0\n"
    working_home.script("nb/bad.py", text)

    run = working_home.run({"tasks": [{"task_key": "nb", "notebook_task": {"notebook_path": "nb/bad.py"}}]})

    assert run.task("nb").state.message == "ZeroDivisionError: division by zero"
    assert 'bad.py", line 6' in run.task("nb").error_trace


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("# MAGIC %scala\n# MAGIC val x = 1", "%scala is not supported in a notebook task"),
        ("spark.sql('SELECT 1')", "This task has no Spark"),
        ("dbutils.fs.ls('/')", "dbutils.fs is not supported"),
        ("dbutils.widgets.get('nope')", "There is no parameter 'nope'"),
        ("# MAGIC %run ../../outside", "leads out of the deployed folder"),
    ],
)
def test_what_a_notebook_cannot_do_is_said(working_home, cell: str, message: str) -> None:
    working_home.script("nb/refused.py", f"# Databricks notebook source\n{cell}\n")

    run = working_home.run({"tasks": [{"task_key": "nb", "notebook_task": {"notebook_path": "nb/refused"}}]})

    assert message in run.task("nb").state.message


def test_a_wheel_task_calls_the_entry_point_of_a_bundled_wheel(working_home) -> None:
    build_wheel(working_home.source / "dist")
    task = {
        "task_key": "wheel",
        "python_wheel_task": {
            "package_name": "tiny-pkg",
            "entry_point": "go",
            "named_parameters": {"n": "{{job.run_id}}"},
        },
        "libraries": [{"whl": "dist/*.whl"}],
    }

    run = working_home.run({"tasks": [task]})

    assert working_home.log(run, "wheel") == f"tiny ['--n={run.run_id}']\n"


def test_a_wheel_task_of_a_package_that_is_not_there_says_so(working_home) -> None:
    task = {"task_key": "wheel", "python_wheel_task": {"package_name": "no-such", "entry_point": "go"}}

    run = working_home.run({"tasks": [task]})

    assert "The package 'no-such' is not installed in the task's environment." in run.task("wheel").state.message


def build_wheel(folder: Path) -> None:
    """A pure wheel, written by hand: it is only a zip file."""
    import zipfile

    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "tiny_pkg-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_pkg/__init__.py", "import sys\ndef go():\n    print('tiny', sys.argv[1:])\n")
        info = "tiny_pkg-1.0.dist-info/"
        wheel.writestr(
            info + "METADATA", "Metadata-Version: 2.1\nName: tiny-pkg\nVersion: 1.0\nRequires-Dist: pandas>=2\n"
        )
        wheel.writestr(
            info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\ngo = tiny_pkg:go\n")
        wheel.writestr(info + "RECORD", "")


def test_a_task_whose_process_cannot_be_started_fails_and_says_why(working_home) -> None:
    task = {"task_key": "a", "spark_python_task": {"python_file": working_home.script("fine.py", "pass")}}
    long = [{"name": "long", "default": "x" * 200_000}]

    run = working_home.run({"name": "n", "tasks": [task], "parameters": long})

    assert "a parameter or a variable is too long" in run.tasks[0].state.message
    (attempt,) = working_home.jobs.attempts(working_home.admin, run.tasks[0].task_run_id)
    assert (attempt.result, attempt.ended_at is not None) == (ResultState.FAILED, True)
