"""``make demo``: the whole path on real data, from raw files to governed predictions in production.

Everything goes through the command line and the REST API, as a person would do it by hand; only the bars are ours.
"""

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from typing import Any

from demo_console import Story
from demo_report import print_report
from demo_server import Failed, Server

from boathouse.foundation.errors import AlreadyExists, BoathouseError
from boathouse.foundation.home import HOME_VARIABLE

TARGETS = ("dev", "staging", "prod")
JOBS = ("features", "training", "scoring")
ENDED = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")
POLL_SECONDS = 0.1


def main(targets: Sequence[str]) -> int:
    story, server = Story(), Server.of_this_repository()
    os.environ[HOME_VARIABLE] = str(server.home.root)  # for `import boathouse as bh` in this process
    story.console.print("Will this flight arrive late? Every flight that left New York City in 2013.\n", style="bold")
    try:
        with story:
            play(story, server, targets)
        if "prod" in targets:
            print_report(story, server)
    except KeyboardInterrupt:
        story.failed("Interrupted. Boathouse goes on running; stop it with: .venv/bin/boathouse down")
        return 130
    except (Failed, BoathouseError) as problem:
        story.failed(str(problem), getattr(problem, "output", ""))
        return 1
    return 0


def play(story: Story, server: Server, targets: Sequence[str]) -> None:
    """The whole path. Development and staging do not wait for each other; production waits for both."""
    start(story, server)
    prepare(story, server)
    before = [target for target in targets if target != "prod"]
    for target in before:
        deploy(story, server, target)
    with ThreadPoolExecutor() as threads, story.stopping_together():
        for done in as_completed([threads.submit(run_jobs, story, server, target) for target in before]):
            done.result()
    if "prod" in targets:
        deploy(story, server, "prod")
        run_jobs(story, server, "prod")
        try_forbidden_write(story, server)


def run_jobs(story: Story, server: Server, target: str) -> None:
    for job in JOBS:
        run_job(story, server, target, job)


def start(story: Story, server: Server) -> None:
    """A running Boathouse: one that is there already, else a new one."""
    with story.step("start Boathouse") as step:
        if server.is_running:
            step.detail = f"{server.url} (it was running)"
        else:
            server.command("up", "--detach", "--home", str(server.home.root))
            step.detail = server.url


def prepare(story: Story, server: Server) -> None:
    """A service principal for each target, who may use that target's catalog; dev's may also look at prod."""
    import boathouse as bh

    with story.step("principals and grants") as step:
        client = server.client()
        for target in TARGETS:
            with suppress(AlreadyExists):
                client.post("/api/boathouse/v1/principals", {"name": f"flights-{target}", "kind": "service_principal"})
            bh.sql(f"GRANT USE CATALOG ON CATALOG {target} TO `flights-{target}`")
        bh.sql("GRANT USE CATALOG ON CATALOG prod TO `flights-dev`")
        step.detail = ", ".join(f"flights-{target}" for target in TARGETS)


def deploy(story: Story, server: Server, target: str) -> None:
    with story.step(f"{target:<8} deploy") as step:
        said = server.command("bundle", "deploy", "--target", target, "--auto-approve")
        step.detail = said.strip().splitlines()[-1]


def run_job(story: Story, server: Server, target: str, job: str) -> None:
    """Run a job and watch its tasks; its failure is the demo's."""
    with story.step(f"{target:<8} {job}") as step:
        started = server.command_json("bundle", "run", job, "--target", target, "--no-wait")
        client = server.client()
        while True:
            run = client.get("/api/2.2/jobs/runs/get", run_id=started["run_id"])
            states = {task["task_key"]: task["state"]["life_cycle_state"] for task in run["tasks"]}
            running = ", ".join(key for key, state in states.items() if state == "RUNNING")
            step.at(sum(state in ENDED for state in states.values()), len(states), running)
            if run["state"]["life_cycle_state"] in ENDED:
                break
            story.require_going_on()
            time.sleep(POLL_SECONDS)
        if run["state"].get("result_state") != "SUCCESS":
            raise _failure(server, f"{job} of {target}", run)
        step.detail = "  ".join(f"{task['task_key']} {_seconds(task):.1f} s" for task in run["tasks"])


def try_forbidden_write(story: Story, server: Server) -> None:
    """Development looks at production, and is refused when it wants to write there."""
    with story.step("dev may look at prod, not write") as step:
        token = server.client().post(
            "/api/2.0/token/create", {"user_name": "flights-dev", "lifetime_seconds": 300, "comment": "make demo"}
        )["token_value"]
        server.command("sql", "SELECT count(*) FROM prod.flights.predictions", token=token)
        attempt = server.attempt("sql", "INSERT INTO prod.flights.labels VALUES ('x', true, now())", token=token)
        if attempt.returncode == 0:
            raise Failed("flights-dev has written to prod.flights.labels, which nobody allowed.")
        step.detail = "refused, as it should be"
        story.refusal = attempt.stderr.strip().splitlines()[0].removeprefix("Error: ")


def _failure(server: Server, what: str, run: dict[str, Any]) -> Failed:
    """What the first failed task has to say."""
    bad = [task for task in run["tasks"] if task["state"].get("result_state") not in (None, "SUCCESS")]
    if not bad:
        return Failed(f"{what} ended as {run['state']}.")
    task = bad[0]
    output = server.client().get("/api/2.2/jobs/runs/get-output", run_id=task["run_id"])
    reason = output.get("error") or task["state"].get("state_message") or "it does not say why"
    return Failed(f"The task {task['task_key']} of {what} failed: {reason}", output.get("logs") or "")


def _seconds(task: dict[str, Any]) -> float:
    return (task["end_time"] - task["start_time"]) / 1000


if __name__ == "__main__":
    # Targets as arguments: only these. `make demo` takes all three.
    sys.exit(main(sys.argv[1:] or TARGETS))
