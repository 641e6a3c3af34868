"""Where a task's code, packages and secrets come from: through a real worker."""

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from boathouse.catalog import SecurableKind
from boathouse.catalog.secrets import AclPermission
from boathouse.jobs.states import ResultState

pytestmark = pytest.mark.server
VALUE = "correct horse battery staple"


def python(key: str, file: str, *parameters: str, **more: object) -> dict[str, object]:
    return {"task_key": key, "spark_python_task": {"python_file": file, "parameters": list(parameters)}, **more}


def scope(home, name: str, value: str = VALUE) -> None:
    home.catalog.secrets.create(home.admin, name)
    home.catalog.secrets.put(home.admin, name, "db", value.encode())


def everything_written(home) -> bytes:
    files = [file for file in home.home.root.rglob("*") if file.is_file() and "environments" not in file.parts]
    return b"".join(file.read_bytes() for file in files)


# Secrets


def test_secrets_of_the_definition_reach_the_task_and_are_written_nowhere(working_home) -> None:
    scope(working_home, "given")
    script = """import json, os, sys
given = [sys.argv[1], os.environ['PASSWORD'], json.loads(os.environ['BOATHOUSE_PARAMETERS'])['p']]
assert [len(each) for each in given] == [28] * 3
print(given)
raise SystemExit(given[0])
"""
    working_home.script("given.py", script)
    reference = "{{secrets/given/db}}"
    definition = {
        "tasks": [python("t", "given.py", reference, environment_variables_key="e")],
        "parameters": [{"name": "p", "default": reference}],
        "environment_variables": [{"environment_variables_key": "e", "spec": {"variables": {"PASSWORD": reference}}}],
    }

    run = working_home.run(definition)

    assert working_home.log(run, "t") == "['[REDACTED]', '[REDACTED]', '[REDACTED]']\n[REDACTED]\n"
    assert run.task("t").state.message == "The task left with exit code 1."
    assert run.settings.to_json()["tasks"][0]["spark_python_task"]["parameters"] == [reference]
    assert VALUE.encode() not in everything_written(working_home)


def test_an_error_that_names_a_secret_is_kept_without_it(working_home) -> None:
    scope(working_home, "errors")
    working_home.script("bad.py", "import sys\nraise ConnectionError(f'no such user: {sys.argv[1]!r}')")

    run = working_home.run({"tasks": [python("t", "bad.py", "{{secrets/errors/db}}")]})

    assert run.task("t").state.message == "ConnectionError: no such user: '[REDACTED]'"
    assert VALUE not in f"{run}" and VALUE.encode() not in everything_written(working_home)


def test_who_runs_a_job_cannot_make_it_fetch_secrets(working_home) -> None:
    scope(working_home, "private")
    working_home.script("show.py", "import sys\nprint(sys.argv[1:])")
    tasks = [python("t", "show.py", "{{job.parameters.p}}")]
    job_id = working_home.create({"tasks": tasks, "parameters": [{"name": "p", "default": "1"}]})

    run_id = working_home.jobs.run_now(working_home.admin, job_id, parameters={"p": "{{secrets/private/db}}"})

    assert working_home.log(working_home.wait(run_id), "t") == "['{{secrets/private/db}}']\n"


def test_a_job_reads_secrets_with_its_own_rights(working_home) -> None:
    scope(working_home, "rights")
    working_home.script("len.py", "import sys\nprint(len(sys.argv[1]))")
    working_home.catalog.identities.create_user(working_home.admin, "eve")
    definition: dict[str, Any] = {
        "tasks": [python("t", "len.py", "{{secrets/rights/db}}")],
        "run_as": {"user_name": "eve"},
    }

    run = working_home.run(definition)
    assert run.task("t").state.message.startswith("Secret scope rights was not found.")

    working_home.catalog.secrets.put_acl(working_home.admin, "rights", "eve", AclPermission.READ)
    working_home.until(lambda: working_home.run(definition).state.result is ResultState.SUCCESS)
    events = [each for each in working_home.catalog.audit.events() if each.action == "getSecret"]
    assert {(each.principal, each.status_code) for each in events[:2]} == {("eve", 200), ("eve", 404)}
    assert events[0].securable_kind == SecurableKind.SECRET_SCOPE.value


def test_a_secret_that_is_not_there_fails_the_task_with_its_name(working_home) -> None:
    scope(working_home, "typo")
    working_home.script("never.py", "print('never')")

    run = working_home.run({"tasks": [python("t", "never.py", "{{secrets/typo/dbb}}")]})

    assert run.task("t").state.message == "The secret scope typo has no secret 'dbb'. Did you mean db?"


# Code from Git


def repository(folder: Path, **files: str) -> str:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    for command in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "first")):
        subprocess.run(["git", *who, *command], cwd=folder, check=True)
    return git(folder, "rev-parse", "HEAD")


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_all_tasks_of_a_run_see_the_same_commit(working_home, tmp_path: Path) -> None:
    who = "'-c', 'user.name=t', '-c', 'user.email=t@example.com'"
    commit = f"['git', {who}, 'commit', '-q', '--allow-empty', '-m', 'x']"
    move = f"import subprocess\nsubprocess.run({commit}, cwd={str(tmp_path / 'repository')!r}, check=True)"
    folder = tmp_path / "repository"
    commit = repository(folder, first=move, second="import os, helper\nprint(os.path.dirname(__file__))", helper="")
    tasks = [python("first", "first.py"), python("second", "second.py", depends_on=[{"task_key": "first"}])]

    run = working_home.run({"tasks": tasks, "git_source": {"git_url": folder.as_uri(), "git_branch": "main"}})

    assert run.state.result is ResultState.SUCCESS, run.state.message
    assert run.used_commit == commit != git(folder, "rev-parse", "HEAD")
    assert working_home.jobs.views.look(working_home.admin, run.run_id, limit=1).run.used_commit == commit
    assert Path(working_home.log(run, "second").strip()).name == commit


def test_a_branch_that_is_not_there_fails_the_task_and_proposes_one(working_home, tmp_path: Path) -> None:
    repository(tmp_path / "repository", a="")
    source = {"git_url": (tmp_path / "repository").as_uri(), "git_branch": "mian"}

    run = working_home.run({"tasks": [python("t", "a.py")], "git_source": source})

    assert "has no branch 'mian'. Did you mean main?" in run.task("t").state.message


def test_a_file_that_the_commit_does_not_have_is_named_with_it(working_home, tmp_path: Path) -> None:
    commit = repository(tmp_path / "repository", a="")
    source = {"git_url": (tmp_path / "repository").as_uri(), "git_branch": "main"}
    tasks = [python("missing", "b.py"), python("outside", "../../b.py")]

    run = working_home.run({"tasks": tasks, "git_source": source})

    assert f"There is no file b.py in {source['git_url']} at commit {commit}." in run.task("missing").state.message
    assert "leads out of" in run.task("outside").state.message


# Environments


def test_two_tasks_of_a_job_run_in_two_environments_side_by_side(jobs_home, tmp_path: Path, monkeypatch) -> None:
    index = tmp_path / "index"
    for version in ("1.0", "2.0"):
        wheel(index, "tiny", version)
    wheel(jobs_home.source / "dist", "local", "3.0")
    for name, value in (("FIND_LINKS", str(index)), ("NO_INDEX", "1"), ("CACHE_DIR", str(tmp_path / "cache"))):
        monkeypatch.setenv(f"UV_{name}", value)
    project = "[project]\nname = 'p'\nversion = '0'\nrequires-python = '>=3.11'\ndependencies = ['tiny<2']\n"
    jobs_home.script("pyproject.toml", project)
    subprocess.run([find_uv_bin(), "lock", "--quiet"], cwd=jobs_home.source, check=True)
    jobs_home.script("requirements.txt", "tiny>=2\n")
    jobs_home.script("which.py", "import sys, tiny\nprint(tiny.VERSION, sys.executable)")
    scope(jobs_home, "environments")
    secret = "{{secrets/environments/db}}"
    tasks = [
        python("old", "which.py", environment_key="locked"),
        python("new", "both.py", secret, environment_key="loose"),
    ]
    dependencies = {"locked": ["-r uv.lock"], "loose": ["-r requirements.txt", "dist/local-3.0-py3-none-any.whl"]}
    environments = [{"environment_key": key, "spec": {"dependencies": each}} for key, each in dependencies.items()]
    jobs_home.script("both.py", "import sys, tiny, local\nprint(tiny.VERSION, local.VERSION, sys.argv[1])")
    jobs_home.start_worker()

    run = jobs_home.run({"tasks": tasks, "environments": environments})

    assert run.state.result is ResultState.SUCCESS, run.state.message
    version, executable = jobs_home.log(run, "old").split()
    assert version == "1.0" and Path(executable).is_relative_to(jobs_home.home.environments)
    assert jobs_home.log(run, "new") == "2.0 3.0 [REDACTED]\n"
    assert run.task("old").environment_key != run.task("new").environment_key


def wheel(folder: Path, name: str, version: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info/"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        file.writestr(info + "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(info + "RECORD", "")


# Notebooks


def test_a_jupyter_notebook_is_a_task(working_home) -> None:
    cell = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "source": ["print(1)\n", "dbutils.notebook.exit('done')"],
    }
    working_home.script("n.ipynb", json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))

    run = working_home.run({"tasks": [{"task_key": "n", "notebook_task": {"notebook_path": "n"}}]})

    assert (working_home.log(run, "n"), run.task("n").result) == ("1\n", "done")
