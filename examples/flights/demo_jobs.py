"""Jobs and deployments of the demo: started by the command line, watched by REST, signed by somebody who may."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from types import MappingProxyType
from typing import Any

from demo_console import Step, Story
from demo_server import Failed, Server

from boathouse.foundation.errors import NotFound

MODEL = "flights.delay_model"
SIGNERS, SIGNER = "flight-operations", "ada"
ENDED = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")
POLL_SECONDS = 0.2
PATIENCE_SECONDS = 300.0
NOTHING: Mapping[str, str] = MappingProxyType({})


def champion_of(server: Server) -> int | None:
    try:
        found = server.client().get(f"/api/boathouse/v1/models/prod.{MODEL}")
    except NotFound:
        return None
    return found["model"]["aliases"].get("champion")


def judge(story: Story, server: Server, target: str) -> None:
    """The deployment job of the version that training has just registered: gates, then a signature in production."""
    if (run := judged(story, server, target)) and result_of(run) != "SUCCESS":
        raise failure(server, f"the deployment of {target}", run)


def judged(story: Story, server: Server, target: str) -> dict[str, Any]:
    """The same, whatever comes of it: who is rejected is no failure of ours. Gives the run of the deployment."""
    run = watch_deployment(story, server, target, f"{target:<8} gates")
    if stopped_at(run) == "approval":
        sign(story, server, newest_version(server, target), run["run_id"])
        run = watch_deployment(story, server, target, f"{target:<8} promotion")
    return run


def sign(story: Story, server: Server, version: int, run_id: int) -> None:
    """Somebody of flight operations, who has not made the version, signs; the run that waited goes on by itself."""
    with story.step("prod     approval") as step:
        token = token_of(server, SIGNER)
        server.command("model", "approve", f"prod.{MODEL}@{version}", "--reason", "better than the usual", token=token)
        step.detail = f"{SIGNER} of {SIGNERS} has signed version {version}"
        while result_of(server.client().get("/api/2.2/jobs/runs/get", run_id=run_id)) == "FAILED":
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
        if stopped := stopped_at(run):
            step.detail += f"; stopped at {stopped}"
    return run


def newest_version(server: Server, target: str) -> int:
    versions = server.client().get(f"/api/boathouse/v1/models/{target}.{MODEL}")["versions"]
    return max(each["version"] for each in versions)


def run_job(
    story: Story, server: Server, target: str, job: str, parameters: Mapping[str, str] = NOTHING, *,
    title: str | None = None,
) -> None:  # fmt: skip
    """Run a job and watch its tasks; its failure is the demo's. Before production as a person would, by the command
    line; in production as a program would."""
    with story.step(f"{target:<8} {title or job}") as step:
        if target == "prod":
            run_by_rest(story, server, job, parameters, step)
            return
        options = [part for name, value in parameters.items() for part in ("--params", f"{name}={value}")]
        started = server.command_json("bundle", "run", job, "--target", target, "--no-wait", *options)
        _succeed(story, server, step, started["run_id"], f"{job} of {target}")


def run_by_rest(story: Story, server: Server, job: str, parameters: Mapping[str, str], step: Step) -> None:
    """Run a job of production within a step; no process is started for it here."""
    client, name = server.client(), f"flights_{job}_prod"
    found = client.get("/api/2.2/jobs/list", name=name)["jobs"]
    asked = {"job_id": found[0]["job_id"], "job_parameters": dict(parameters)}
    started = client.post("/api/2.2/jobs/run-now", asked)
    _succeed(story, server, step, started["run_id"], f"{job} of prod")


def _succeed(story: Story, server: Server, step: Step, run_id: int, what: str) -> None:
    run = watch_run(story, server, step, run_id)
    if result_of(run) != "SUCCESS":
        raise failure(server, what, run)
    step.detail = "  ".join(f"{task['task_key']} {seconds_of(task):.1f} s" for task in run["tasks"])


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


def token_of(server: Server, principal: str) -> str:
    """A token for an hour, as an administrator may make one for somebody else."""
    body = {"user_name": principal, "lifetime_seconds": 3600, "comment": "make demo"}
    return str(server.client().post("/api/2.0/token/create", body)["token_value"])


def result_of(run: dict[str, Any]) -> str | None:
    return run["state"].get("result_state")


def stopped_at(run: dict[str, Any]) -> str | None:
    """The first task that has failed."""
    return next((task["task_key"] for task in run["tasks"] if result_of(task) == "FAILED"), None)


def failure(server: Server, what: str, run: dict[str, Any]) -> Failed:
    """What the first failed task has to say."""
    bad = [task for task in run["tasks"] if task["state"].get("result_state") not in (None, "SUCCESS")]
    if not bad:
        return Failed(f"{what} ended as {run['state']}.")
    task = bad[0]
    output = server.client().get("/api/2.2/jobs/runs/get-output", run_id=task["run_id"])
    reason = output.get("error") or task["state"].get("state_message") or "it does not say why"
    return Failed(f"The task {task['task_key']} of {what} failed: {reason}", output.get("logs") or "")


def seconds_of(task: dict[str, Any]) -> float:
    return (task["end_time"] - task["start_time"]) / 1000


def until(story: Story, found: Callable[[], Any], what: str, every: float = 0.2) -> Any:
    """What comes in a moment; asked for every so many seconds."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not (it := found()):
        story.require_going_on()
        if time.monotonic() > ends:
            raise Failed(f"It did not come about within {PATIENCE_SECONDS:.0f} s that {what}.")
        time.sleep(every)
    return it


def in_parallel(story: Story, *parts: Callable[[], object]) -> None:
    """Parts that do not wait for each other; the first that fails ends the others."""
    with ThreadPoolExecutor() as threads, story.stopping_together():
        for done in as_completed([threads.submit(part) for part in parts]):
            done.result()
