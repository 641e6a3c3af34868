"""``boathouse jobs repair`` and ``boathouse jobs backfill``: runs again, and runs for many instants."""

import time
from typing import Any

import click

from boathouse.cli.named_jobs import job_id_of
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.rest import Connection, RestClient

API = "/api/2.2/jobs"
BACKFILLS = "/api/boathouse/v1/jobs/backfills"
_LOOK_SECONDS = 1.0
_OPEN = ("QUEUED", "PENDING", "RUNNING", "TERMINATING")
_OUTPUT = click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
_PARAMS = click.option(
    "-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A value for a parameter of the job."
)


@click.command()
@click.argument("run_id", type=int)
@click.argument("tasks", nargs=-1)
@click.option("--with-dependents/--without-dependents", default=True, help="Also what comes after those tasks.")
@_PARAMS
@click.option("--wait/--no-wait", default=False, help="Stay until it has ended; the exit code says how.")
@_OUTPUT
@click.pass_context
def repair(
    context: click.Context, run_id: int, tasks: tuple[str, ...], with_dependents: bool, params: tuple[str, ...],
    wait: bool, output: str,
) -> None:  # fmt: skip
    """Do again what has failed in the run RUN_ID, or the TASKS that are named. What has succeeded stays as it is."""
    from boathouse.cli.bundle_run import follow_to_end

    client = _client()
    run = client.get(f"{API}/runs/get", run_id=run_id, include_history=True)
    repairs = [each["id"] for each in run.get("repair_history", ()) if "id" in each]
    body: dict[str, Any] = {
        "run_id": run_id,
        "rerun_dependent_tasks": with_dependents,
        "job_parameters": assignments(params),
        **({"rerun_tasks": list(tasks)} if tasks else {"rerun_all_failed_tasks": True}),
        **({"latest_repair_id": repairs[-1]} if repairs else {}),
    }
    repair_id = client.post(f"{API}/runs/repair", body)["repair_id"]
    if output == "text":
        click.echo(f"repair {repair_id} of run {run_id}")
    elif not wait:
        _print_json({"repair_id": repair_id})
    if wait and not follow_to_end(client, run_id, output=output):
        context.exit(1)


@click.command()
@click.argument("job")
@click.option("--from", "start", required=True, metavar="INSTANT", help="The first instant: 2013-01-01T00:00:00Z.")
@click.option("--to", "end", required=True, metavar="INSTANT", help="The last instant.")
@click.option("--every", required=True, metavar="STEP", help="15m, 1h, 1d, 1w, 1M (months) or 1y.")
@_PARAMS
@click.option("--at-a-time", type=click.IntRange(1), help="Runs side by side; as many as the job may run if left out.")
@click.option("--wait/--no-wait", default=False, help="Stay until all have ended; the exit code says how.")
@click.pass_context
def backfill(
    context: click.Context, job: str, start: str, end: str, every: str, params: tuple[str, ...],
    at_a_time: int | None, wait: bool,
) -> None:  # fmt: skip
    """Run JOB once for each instant of a range, as of that instant. It goes on by itself, also after a restart."""
    client = _client()
    body: dict[str, Any] = {"job_id": job_id_of(client, job), "start": start, "end": end, "every": every}
    body |= {"job_parameters": assignments(params), **({"concurrency": at_a_time} if at_a_time else {})}
    backfill_id = client.post(BACKFILLS, body)["backfill_id"]
    found = client.get(f"{BACKFILLS}/{backfill_id}")
    click.echo(f"backfill {backfill_id}: {found['runs']} runs, {found['concurrency']} at a time")
    if wait and not _watch(client, backfill_id):
        context.exit(1)


@click.command()
@click.argument("job")
@_OUTPUT
def backfills(job: str, output: str) -> None:
    """List the backfills of JOB and how far they are."""
    client = _client()
    found = client.get(BACKFILLS, job_id=job_id_of(client, job))["backfills"]
    if output == "json":
        _print_json(found)
        return
    for each in found:
        click.echo(f"backfill {each['backfill_id']}: {each['start']} to {each['end']} every {each['every']}: "
                   f"{_progress(each)}")  # fmt: skip
    if not found:
        click.echo("There is none.")


@click.command("backfill-cancel")
@click.argument("backfill_id", type=int)
def backfill_cancel(backfill_id: int) -> None:
    """Cancel what has not ended of the backfill BACKFILL_ID."""
    count = _client().post(f"{BACKFILLS}/{backfill_id}/cancel", {})["runs"]
    click.echo(f"{count} runs are being cancelled.")


@click.command("backfill-resume")
@click.argument("backfill_id", type=int)
def backfill_resume(backfill_id: int) -> None:
    """Do again what failed or was cancelled of the backfill BACKFILL_ID."""
    count = _client().post(f"{BACKFILLS}/{backfill_id}/resume", {})["runs"]
    click.echo(f"{count} runs are done again.")


def assignments(params: tuple[str, ...]) -> dict[str, str]:
    """``NAME=VALUE`` as people give it.

    Raises:
        InvalidInput: One of them is not of that form.
    """
    values: dict[str, str] = {}
    for param in params:
        name, equals, value = param.partition("=")
        if not equals or not name:
            raise InvalidInput(f"{param!r} is not of the form NAME=VALUE.")
        values[name] = value
    return values


def _watch(client: RestClient, backfill_id: int) -> bool:
    """Print the progress whenever it changes; gives whether all runs succeeded."""
    shown = ""
    while True:
        found = client.get(f"{BACKFILLS}/{backfill_id}")
        if (progress := _progress(found)) != shown:
            click.echo(shown := progress)
        if not any(found["states"].get(state) for state in _OPEN):
            return found["states"].get("SUCCESS", 0) == found["runs"]
        time.sleep(_LOOK_SECONDS)


def _progress(backfill: dict[str, Any]) -> str:
    states = backfill["states"]
    ended = backfill["runs"] - sum(states.get(state, 0) for state in _OPEN)
    details = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    return f"{ended} of {backfill['runs']} ended ({details})"


def _client() -> RestClient:
    return RestClient(Connection.from_surroundings())


def _print_json(data: Any) -> None:
    import json

    click.echo(json.dumps(data, indent=2))
