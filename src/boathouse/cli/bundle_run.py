"""Starting a job and following its run: one line whenever a task changes its state."""

import time
from typing import Any

import click

from boathouse.cli.whole_run import whole_run
from boathouse.foundation.errors import NotFound
from boathouse.foundation.rest import RestClient

POLL_SECONDS = 0.3
SUCCESSES = frozenset({"SUCCESS", "SUCCESS_WITH_FAILURES"})
FINAL = frozenset({"TERMINATED", "SKIPPED", "INTERNAL_ERROR"})
_COLOURS = {"SUCCESS": "green", "FAILED": "red", "TIMEDOUT": "red", "CANCELED": "yellow", "RUNNING": "cyan"}


def start_and_follow(
    client: RestClient, job_id: int, params: dict[str, str], as_of: str | None, *,
    only: tuple[str, ...] = (), wait: bool, output: str,
) -> bool:  # fmt: skip
    """Start the job; gives whether it succeeded, or True at once when nobody waits."""
    body: dict[str, Any] = {"job_id": job_id, "job_parameters": params}
    if as_of is not None:
        body["as_of"] = as_of
    if only:
        body["only"] = list(only)
    run_id = client.post("/api/2.2/jobs/run-now", body)["run_id"]
    if output == "text":
        click.echo(f"run {run_id} of job {job_id}: {client.connection.url}/api/2.2/jobs/runs/get?run_id={run_id}")
    if not wait:
        if output == "json":
            _print_json({"run_id": run_id})
        return True
    return follow_to_end(client, run_id, output=output)


def follow_to_end(client: RestClient, run_id: int, *, output: str) -> bool:
    """Stay until the run has ended; gives whether it succeeded."""
    run = _follow(client, run_id, quiet=output == "json")
    succeeded = run["state"].get("result_state") in SUCCESSES
    if output == "json":
        _print_json(run)
    else:
        _print_end(client, run, succeeded)
    return succeeded


def _follow(client: RestClient, run_id: int, *, quiet: bool) -> dict[str, Any]:
    seen: dict[str, str] = {}
    started = time.monotonic()
    while True:
        run = whole_run(client, run_id)
        for task in run.get("tasks", ()):
            state = _word(task["state"])
            if seen.get(task["task_key"]) != state:
                seen[task["task_key"]] = state
                if not quiet and state != "BLOCKED":
                    passed = f"{time.monotonic() - started:7.1f} s"
                    click.echo(f"{passed}  {task['task_key']}  {click.style(state, fg=_COLOURS.get(state))}")
        if run["state"]["life_cycle_state"] in FINAL:
            return run
        time.sleep(POLL_SECONDS)


def _print_end(client: RestClient, run: dict[str, Any], succeeded: bool) -> None:
    for task in run.get("tasks", ()):
        if task["state"].get("result_state") in ("FAILED", "TIMEDOUT"):
            click.secho(f"\n{task['task_key']} failed: {task['state'].get('state_message', '')}", fg="red", err=True)
            click.echo(_output(client, task["run_id"]), err=True)
    result = run["state"].get("result_state", run["state"]["life_cycle_state"])
    if run["state"]["life_cycle_state"] == "SKIPPED":
        click.secho(run["state"]["state_message"], err=True)
    click.secho(f"run {run['run_id']}: {result}", fg="green" if succeeded else "red")


def _output(client: RestClient, task_run_id: int) -> str:
    try:
        found = client.get("/api/2.2/jobs/runs/get-output", run_id=task_run_id)
    except NotFound:
        return ""
    return str(found.get("logs") or found.get("error_trace") or found.get("error") or "")


def _word(state: dict[str, Any]) -> str:
    return str(state.get("result_state") or state["life_cycle_state"])


def _print_json(data: Any) -> None:
    import json

    click.echo(json.dumps(data, indent=2))
