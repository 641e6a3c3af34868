"""The pages of jobs and runs in a real browser, with tasks that really run."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit

from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server

HTML = "<img src=x onerror=document.title='hacked'>"
PATIENCE = 60_000


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "hello.py").write_text("import sys\nprint('hello', *sys.argv[1:])\n")
    (folder / "fails_once.py").write_text(
        "import pathlib, sys\nflag = pathlib.Path(sys.argv[1])\nif not flag.exists():\n"
        "    raise ValueError('no such month')\nprint('mended')\n"
    )
    first = f"first \x1b[31m{HTML}\x1b[0m"
    (folder / "waits.py").write_text(
        "import pathlib, sys, time\n"
        f"print({first!r}, flush=True)\n"
        "while not pathlib.Path(sys.argv[1]).exists():\n    time.sleep(0.05)\n"
        "print('second', flush=True)\n"
        "while not pathlib.Path(sys.argv[2]).exists():\n    time.sleep(0.05)\n"
    )
    (folder / "prints_much.py").write_text("for number in range(20_000):\n    print(f'line {number:05} of many')\n")
    return folder


class Maker:
    """Makes jobs, and runs of them."""

    def __init__(self, boathouse: LocalBoathouse, scripts: Path) -> None:
        self.boathouse = boathouse
        self.client = boathouse.client()
        self.scripts = scripts

    def task(self, script: str, *arguments: object, key: str = "main", after: str | None = None) -> dict:
        python = {"python_file": str(self.scripts / script), "parameters": [str(each) for each in arguments]}
        needs = {"depends_on": [{"task_key": after}]} if after else {}
        return {"task_key": key, "spark_python_task": python, **needs}

    def job(self, *tasks: dict, **more: object) -> tuple[int, str]:
        name = str(more.pop("name", f"job-{uuid4().hex[:8]}"))
        made = self.client.post("/api/2.2/jobs/create", {"name": name, "tasks": list(tasks), **more})
        return made["job_id"], name

    def run(self, job_id: int) -> int:
        return self.client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"]

    def ended(self, run_id: int) -> int:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            state = self.client.get("/api/2.2/jobs/runs/get", run_id=run_id)["state"]["life_cycle_state"]
            if state in ("TERMINATED", "INTERNAL_ERROR"):
                return run_id
            time.sleep(0.05)
        raise AssertionError(f"The run {run_id} has not ended.")


@pytest.fixture
def make(boathouse: LocalBoathouse, scripts: Path) -> Maker:
    return Maker(boathouse, scripts)


@pytest.fixture
def stranger(boathouse: LocalBoathouse) -> tuple[str, str]:
    """A user without any rights, and their token."""
    name = f"stranger-{uuid4().hex[:8]}"
    admin = boathouse.client()
    admin.post("/api/boathouse/v1/principals", {"name": name, "kind": "user"})
    return name, admin.post("/api/2.0/token/create", {"user_name": name, "lifetime_seconds": 3600})["token_value"]


def grant(boathouse: LocalBoathouse, job_id: int, who: str, privilege: str) -> None:
    path = f"/api/2.1/unity-catalog/permissions/job/{job_id}"
    boathouse.client().patch(path, {"changes": [{"principal": who, "add": [privilege]}]})


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_jobs_are_listed_searched_and_filtered(visit: Visit, make: Maker) -> None:
    job_id, name = make.job(make.task("hello.py"), name=f"{HTML} {uuid4().hex[:8]}")
    run_id = make.ended(make.run(job_id))
    page = visit.open("/ui/jobs")

    page.get_by_label("Search jobs by name").fill(name.rpartition(" ")[2])
    page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name))
    expect(row).to_contain_text("succeeded")
    assert row.get_by_role("link", name=re.compile("Run 1: succeeded")).get_attribute("href") == f"/ui/runs/{run_id}"
    assert complaints(page) == []

    page.get_by_label("State").select_option("failed")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_text("No job fits.").wait_for()
    assert "state=failed" in page.url and page.title() != "hacked"
    page.go_back()
    page.get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name, level=1).wait_for()
    assert visit.errors == []


def test_a_job_shows_its_tasks_and_its_runs(visit_as: Callable[..., Visit], make: Maker) -> None:
    tasks = make.task("hello.py", key="load"), make.task("hello.py", key="fit", after="load")
    job_id, _ = make.job(*tasks, parameters=[{"name": "month", "default": HTML}], description=HTML)
    run_id = make.ended(make.run(job_id))

    for width in (1280, 390):
        visit = visit_as(width=width)
        page = visit.open(f"/ui/jobs/{job_id}")
        cell = page.get_by_role("table").get_by_role("link", name="fit in run 1: succeeded")

        assert cell.get_attribute("href") == f"/ui/runs/{run_id}?task=fit"
        assert page.locator(f"svg a[href='/ui/runs/{run_id}?task=load']").count() == 1
        expect(page.get_by_text(HTML).first).to_be_visible()
        assert fits(page)
        assert complaints(page) == []
        assert visit.errors == [] and page.title() != "hacked"

    page = visit_as().open(f"/ui/jobs/{job_id}?tab=Definition")
    expect(page.get_by_text('"task_key": "load"')).to_be_visible()


def test_a_job_is_run_with_parameters(visit: Visit, make: Maker) -> None:
    task = make.task("hello.py", "{{job.parameters.month}}")
    job_id, _ = make.job(task, parameters=[{"name": "month", "default": "2013-06"}])
    page = visit.open(f"/ui/jobs/{job_id}")

    page.get_by_role("button", name="Run now").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("month").fill("2013-07")
    dialog.get_by_role("button", name="Run now").click()

    page.wait_for_url("**/ui/runs/*")
    expect(page.get_by_role("log")).to_contain_text("hello 2013-07", timeout=PATIENCE)
    expect(page.get_by_text("succeeded").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("region", name="Parameters")).to_contain_text("2013-07")


def test_who_presses_twice_starts_one_run(visit: Visit, make: Maker) -> None:
    job_id, _ = make.job(make.task("hello.py"))
    page = visit.open(f"/ui/jobs/{job_id}")

    page.get_by_role("button", name="Run now").click()
    press = page.get_by_role("dialog").get_by_role("button", name="Run now")
    press.evaluate("button => { button.click(); button.click(); }")

    page.wait_for_url("**/ui/runs/*")
    make.ended(int(page.url.rpartition("/")[2]))
    assert len(make.client.get("/api/2.2/jobs/runs/list", job_id=job_id)["runs"]) == 1


def test_a_wrong_parameter_is_said_and_the_dialog_stays(visit: Visit, make: Maker) -> None:
    job_id, _ = make.job(make.task("hello.py"))
    page = visit.open(f"/ui/jobs/{job_id}")

    page.get_by_role("button", name="Run now").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("As of").fill("yesterday")
    dialog.get_by_role("button", name="Run now").click()

    expect(page.get_by_text("'yesterday', which is no instant")).to_be_visible()
    expect(dialog).to_be_visible()


def test_a_log_is_followed_while_the_task_prints(visit: Visit, make: Maker, tmp_path: Path) -> None:
    job_id, _ = make.job(make.task("waits.py", tmp_path / "go_on", tmp_path / "end"))
    run_id = make.run(job_id)
    page = visit.open(f"/ui/runs/{run_id}")
    log = page.get_by_role("log")

    expect(log).to_contain_text(f"first {HTML}", timeout=PATIENCE)
    assert "second" not in log.inner_text()
    (tmp_path / "go_on").touch()
    expect(log).to_contain_text("second", timeout=PATIENCE)
    expect(page.get_by_text("running").first).to_be_visible()
    assert log.locator("img").count() == 0 and page.title() != "hacked"
    assert complaints(page) == []

    (tmp_path / "end").touch()
    expect(page.get_by_text("The log has ended.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("region", name="Tasks of the run")).to_contain_text("succeeded", timeout=PATIENCE)
    assert log.inner_text().count("first") == 1
    assert visit.errors == []


def test_a_long_log_shows_its_end_first(visit: Visit, make: Maker) -> None:
    run_id = make.ended(make.run(make.job(make.task("prints_much.py"))[0]))
    page = visit.open(f"/ui/runs/{run_id}")
    log = page.get_by_role("log")

    expect(log).to_contain_text("line 19999 of many")
    assert "line 00000" not in log.inner_text()
    page.get_by_role("button", name="Show earlier lines").click()
    expect(log).to_contain_text("line 00000 of many")
    lines = log.inner_text().split("\n")
    assert [line for line in lines if line] == [f"line {number:05} of many" for number in range(20_000)]
    expect(page.get_by_role("link", name="Whole log as text")).to_be_visible()


def test_what_failed_is_said_and_repaired(visit: Visit, make: Maker, tmp_path: Path) -> None:
    flag = tmp_path / "mended"
    tasks = [make.task("hello.py", key="load"), make.task("fails_once.py", flag, key="fit", after="load"),
             make.task("hello.py", key="tell", after="fit")]  # fmt: skip
    run_id = make.ended(make.run(make.job(*tasks)[0]))
    page = visit.open(f"/ui/runs/{run_id}")

    expect(page.get_by_text("ValueError: no such month").first).to_be_visible()
    expect(page.get_by_text("1 task after it did not run").first).to_be_visible()
    expect(page.get_by_role("heading", name="Task fit")).to_be_visible()
    assert complaints(page) == []
    flag.touch()
    page.get_by_role("button", name="Repair").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox", name="load (succeeded)")).not_to_be_checked()
    expect(dialog.get_by_role("checkbox", name="fit (failed)")).to_be_checked()
    dialog.get_by_role("button", name="Repair").click()

    expect(page.get_by_role("region", name="Repairs")).to_contain_text("Repair 1", timeout=PATIENCE)
    tasks_shown = page.get_by_role("region", name="Tasks of the run")
    expect(tasks_shown.get_by_role("row").filter(has_text="tell")).to_contain_text("succeeded", timeout=PATIENCE)
    expect(page.get_by_text("no such month")).to_have_count(0, timeout=PATIENCE)


def test_a_run_is_cancelled(visit_as: Callable[..., Visit], make: Maker, tmp_path: Path) -> None:
    run_id = make.run(make.job(make.task("waits.py", tmp_path / "never", tmp_path / "never"))[0])
    page = visit_as(width=390).open(f"/ui/runs/{run_id}")
    expect(page.get_by_role("log")).to_contain_text("first", timeout=PATIENCE)
    assert fits(page)

    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()

    expect(page.get_by_text("cancelled").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Repair")).to_be_visible(timeout=PATIENCE)


def test_a_schedule_is_paused_and_resumed(visit: Visit, make: Maker) -> None:
    job_id, _ = make.job(make.task("hello.py"), schedule={"quartz_cron_expression": "0 30 6 1 1 ?"})
    page = visit.open(f"/ui/jobs/{job_id}")
    expect(page.get_by_text("at 06:30 on day 1 of the month in January (UTC)")).to_be_visible()

    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Pause").wait_for()


def test_who_may_only_look_is_offered_nothing_and_refused_when_they_try(
    visit_as: Callable[..., Visit], make: Maker, boathouse: LocalBoathouse, stranger: tuple[str, str]
) -> None:
    job_id, _ = make.job(make.task("hello.py"))
    run_id = make.ended(make.run(job_id))
    name, token = stranger
    visit = visit_as(token)

    assert "There is no job" in visit.open(f"/ui/jobs/{job_id}").get_by_role("alert").inner_text()
    grant(boathouse, job_id, name, "VIEW_JOB")
    page = visit.open(f"/ui/jobs/{job_id}")
    expect(page.get_by_role("link", name="main in run 1: succeeded").first).to_be_visible()
    expect(page.get_by_role("button", name="Run now")).to_have_count(0)
    page = visit.open(f"/ui/runs/{run_id}")
    expect(page.get_by_role("log")).to_contain_text("hello")
    expect(page.get_by_role("button", name="Repair")).to_have_count(0)


def test_a_right_that_was_taken_away_is_missed_when_the_button_is_pressed(
    visit_as: Callable[..., Visit], make: Maker, boathouse: LocalBoathouse, stranger: tuple[str, str]
) -> None:
    job_id, _ = make.job(make.task("hello.py"))
    name, token = stranger
    for privilege in ("VIEW_JOB", "RUN_JOB"):
        grant(boathouse, job_id, name, privilege)
    page = visit_as(token).open(f"/ui/jobs/{job_id}")
    page.get_by_role("button", name="Run now").click()
    path = f"/api/2.1/unity-catalog/permissions/job/{job_id}"
    boathouse.client().patch(path, {"changes": [{"principal": name, "remove": ["RUN_JOB"]}]})

    page.get_by_role("dialog").get_by_role("button", name="Run now").click()

    expect(page.get_by_text(re.compile("RUN_JOB|RUN JOB"))).to_be_visible()
