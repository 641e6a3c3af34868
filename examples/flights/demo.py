"""``make demo``: the whole path on real data, from raw files to governed predictions and answers in production.

Everything goes through the command line and the REST API, as a person would do it by hand; only the bars are ours.
"""

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from typing import Any

from demo_console import Step, Story
from demo_report import MODEL, print_report
from demo_server import Failed, Server
from demo_serving import Served, check_captured, curl, let_fall, replay, serve_first, watch_canary, watch_shadow

from boathouse.foundation.errors import AlreadyExists, BoathouseError, NotFound
from boathouse.foundation.home import HOME_VARIABLE

TARGETS = ("dev", "staging", "prod")
SIGNERS, SIGNER = "flight-operations", "ada"
ENDED = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")
MONTHS = ("2013-11-01", "2013-12-01")
"""The presents at which production gets a new model: each has learned from everything before the month before."""
POLL_SECONDS = 0.1


def main(targets: Sequence[str]) -> int:
    story, server, served = Story(), Server.of_this_repository(), Served()
    os.environ[HOME_VARIABLE] = str(server.home.root)  # for `import boathouse as bh` in this process
    story.console.print("Will this flight arrive late? Every flight that left New York City in 2013.\n", style="bold")
    try:
        with story:
            play(story, server, served, targets)
        if "prod" in targets:
            print_report(story, server, served)
    except KeyboardInterrupt:
        story.failed("Interrupted. Boathouse goes on running; stop it with: .venv/bin/boathouse down")
        return 130
    except (Failed, BoathouseError) as problem:
        story.failed(str(problem), getattr(problem, "output", ""))
        return 1
    return 0


def play(story: Story, server: Server, served: Served, targets: Sequence[str]) -> None:
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
        play_production(story, server, served)
        try_bad_candidate(story, server)
        try_forbidden_write(story, server)


def play_production(story: Story, server: Server, served: Served) -> None:
    """Two months of production: the champion of the first answers real requests, and so does its successor, which comes
    by canary while people go on asking. A second demo begins with the second month."""
    first, second = MONTHS
    deploy(story, server, "prod")
    token = token_of(server, SIGNER)
    if champion_of(server) is None:
        run_month(story, server, first)
        judge(story, server, "prod")
        serve_first(story, server, served.new_traffic(server, token, first), first)
    run_job(story, server, "prod", "features", "--params", f"as_of={second}", title=f"features, {second}")
    traffic = served.new_traffic(server, token, second)
    with traffic:
        run_job(story, server, "prod", "training", "--params", f"as_of={second}", title=f"training, {second}")
        version = newest_version(server, "prod")
        watch_shadow(story, server, traffic, served, version)
        judge(story, server, "prod")
        watch_canary(story, server, traffic, served, version, lambda: run_job(story, server, "prod", "answers"))
        let_fall(story, server, traffic, served)
    check_captured(story, served)
    replay(story, server, served, version)
    served.example = curl(server, traffic.questions[0])
    run_job(story, server, "prod", "scoring")


def run_month(story: Story, server: Server, as_of: str) -> None:
    """Features and a candidate, as of the month's first day."""
    for job in ("features", "training"):
        run_job(story, server, "prod", job, "--params", f"as_of={as_of}", title=f"{job}, {as_of}")


def champion_of(server: Server) -> int | None:
    try:
        found = server.client().get(f"/api/boathouse/v1/models/prod.{MODEL}")
    except NotFound:
        return None
    return found["model"]["aliases"].get("champion")


def run_jobs(story: Story, server: Server, target: str) -> None:
    for job in ("features", "training"):
        run_job(story, server, target, job)
    judge(story, server, target)
    run_job(story, server, target, "scoring")


def judge(story: Story, server: Server, target: str) -> None:
    """The deployment job of the version that training has just registered: gates, then a signature in production."""
    run = watch_deployment(story, server, target, f"{target:<8} gates")
    if _stopped_at(run) == "approval":
        sign(story, server, newest_version(server, target), run["run_id"])
        run = watch_deployment(story, server, target, f"{target:<8} promotion")
    if _result(run) != "SUCCESS":
        raise _failure(server, f"the deployment of {target}", run)


def try_bad_candidate(story: Story, server: Server) -> None:
    """A version that has learned from shuffled outcomes registers without a complaint, and gets no further."""
    run_job(story, server, "prod", "training", "--params", "shuffle_labels=yes", title="training, labels shuffled")
    run = watch_deployment(story, server, "prod", "prod     gates, labels shuffled")
    if _result(run) == "SUCCESS":
        raise Failed("A model that learned from shuffled outcomes has passed its gates.")


def sign(story: Story, server: Server, version: int, run_id: int) -> None:
    """Somebody of flight operations, who has not made the version, signs; the run that waited goes on by itself."""
    with story.step("prod     approval") as step:
        token = token_of(server, SIGNER)
        server.command("model", "approve", f"prod.{MODEL}@{version}", "--reason", "better than the usual", token=token)
        step.detail = f"{SIGNER} of {SIGNERS} has signed version {version}"
        while _result(server.client().get("/api/2.2/jobs/runs/get", run_id=run_id)) == "FAILED":
            story.require_going_on()
            time.sleep(POLL_SECONDS)


def watch_deployment(story: Story, server: Server, target: str, title: str) -> dict[str, Any]:
    """Wait for the deployment job of the newest version, which nobody had to start; gives its run."""
    with story.step(title) as step:
        client, version = server.client(), newest_version(server, target)
        path = f"/api/boathouse/v1/models/{target}.{MODEL}/deployments"
        while True:
            starts = {each["version"]: each for each in client.get(path)["starts"]}
            if run_id := starts.get(version, {}).get("run_id"):
                break
            story.require_going_on()
            time.sleep(POLL_SECONDS)
        run = watch_run(story, server, step, run_id)
        done = [task["task_key"] for task in run["tasks"] if task["state"].get("result_state") == "SUCCESS"]
        step.detail = f"version {version}: {', '.join(done)}"
        if stopped := _stopped_at(run):
            step.detail += f"; stopped at {stopped}"
    return run


def newest_version(server: Server, target: str) -> int:
    versions = server.client().get(f"/api/boathouse/v1/models/{target}.{MODEL}")["versions"]
    return max(each["version"] for each in versions)


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
        for kind, name in (("group", SIGNERS), ("user", SIGNER)):
            with suppress(AlreadyExists):
                client.post("/api/boathouse/v1/principals", {"name": name, "kind": kind})
        server.command("groups", "add-member", SIGNERS, SIGNER)
        bh.sql(f"GRANT USE CATALOG ON CATALOG prod TO `{SIGNERS}`")
        step.detail = ", ".join(f"flights-{target}" for target in TARGETS)


def deploy(story: Story, server: Server, target: str) -> None:
    with story.step(f"{target:<8} deploy") as step:
        said = server.command("bundle", "deploy", "--target", target, "--auto-approve")
        step.detail = said.strip().splitlines()[-1]


def run_job(story: Story, server: Server, target: str, job: str, *options: str, title: str | None = None) -> None:
    """Run a job and watch its tasks; its failure is the demo's."""
    with story.step(f"{target:<8} {title or job}") as step:
        started = server.command_json("bundle", "run", job, "--target", target, "--no-wait", *options)
        run = watch_run(story, server, step, started["run_id"])
        if _result(run) != "SUCCESS":
            raise _failure(server, f"{job} of {target}", run)
        step.detail = "  ".join(f"{task['task_key']} {_seconds(task):.1f} s" for task in run["tasks"])


def watch_run(story: Story, server: Server, step: Step, run_id: int) -> dict[str, Any]:
    """Wait until a run has ended, and show how far it is."""
    client = server.client()
    while True:
        run = client.get("/api/2.2/jobs/runs/get", run_id=run_id)
        states = {task["task_key"]: task["state"]["life_cycle_state"] for task in run["tasks"]}
        running = ", ".join(key for key, state in states.items() if state == "RUNNING")
        step.at(sum(state in ENDED for state in states.values()), len(states), running)
        if run["state"]["life_cycle_state"] in ENDED:
            return run
        story.require_going_on()
        time.sleep(POLL_SECONDS)


def try_forbidden_write(story: Story, server: Server) -> None:
    """Development looks at production, and is refused when it wants to write there."""
    with story.step("dev may look at prod, not write") as step:
        token = token_of(server, "flights-dev")
        server.command("sql", "SELECT count(*) FROM prod.flights.predictions", token=token)
        attempt = server.attempt("sql", "INSERT INTO prod.flights.labels VALUES ('x', true, now())", token=token)
        if attempt.returncode == 0:
            raise Failed("flights-dev has written to prod.flights.labels, which nobody allowed.")
        step.detail = "refused, as it should be"
        story.refusal = attempt.stderr.strip().splitlines()[0].removeprefix("Error: ")


def token_of(server: Server, principal: str) -> str:
    """A token for an hour, as an administrator may make one for somebody else."""
    body = {"user_name": principal, "lifetime_seconds": 3600, "comment": "make demo"}
    return str(server.client().post("/api/2.0/token/create", body)["token_value"])


def _result(run: dict[str, Any]) -> str | None:
    return run["state"].get("result_state")


def _stopped_at(run: dict[str, Any]) -> str | None:
    """The first task that has failed."""
    return next((task["task_key"] for task in run["tasks"] if _result(task) == "FAILED"), None)


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
