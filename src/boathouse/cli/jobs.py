"""``boathouse jobs``: what can run, what runs, what it printed."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from boathouse.cli.named_jobs import all_jobs, job_id_of
from boathouse.cli.reruns import assignments, backfill, backfill_cancel, backfill_resume, backfills, repair
from boathouse.cli.starting import clean, pause, schedules, unpause
from boathouse.cli.whole_run import whole_job, whole_run
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.rest import Connection, RestClient

API = "/api/2.2/jobs"
LOGS = "/api/boathouse/v1/jobs/runs"
OUTPUT = click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")


@click.group()
def jobs() -> None:
    """Jobs, their runs and their logs. A JOB is named by its id or its name."""


for command in (repair, backfill, backfills, backfill_cancel, backfill_resume, schedules, pause, unpause, clean):
    jobs.add_command(command)


@jobs.command("list")
@OUTPUT
def list_jobs(output: str) -> None:
    """List the jobs you may see, newest first."""
    found = all_jobs(_client())
    if output == "json":
        _print_json(found)
        return
    rows = [
        (str(each["job_id"]), each["settings"]["name"], each["run_as_user_name"], _instant(each["created_time"]))
        for each in found
    ]
    _print_table(("Id", "Name", "Runs as", "Created"), rows, empty="There is no job that you may see.")


@jobs.command()
@click.argument("job")
@OUTPUT
def get(job: str, output: str) -> None:
    """Show the definition of JOB."""
    client = _client()
    found = whole_job(client, job_id_of(client, job))
    if output == "json":
        _print_json(found)
        return
    settings = found["settings"]
    click.secho(f"{settings['name']} (job {found['job_id']}, runs as {found['run_as_user_name']})", bold=True)
    if settings.get("description"):
        click.echo(settings["description"])
    for parameter in settings.get("parameters", ()):
        click.echo(f"parameter {parameter['name']} = {parameter['default']}")
    rows = [(task["task_key"], _kind(task), ", ".join(_upstream(task))) for task in settings["tasks"]]
    _print_table(("Task", "Kind", "After"), rows, empty="")


@jobs.command()
@click.argument("job")
@click.option(
    "-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A value for a parameter of the job."
)
@click.option("--as-of", metavar="INSTANT", help="The instant that the run takes for now: 2013-07-01T00:00:00Z.")
@click.option("--only", multiple=True, metavar="TASK", help="Run this task and no other; may be given several times.")
@click.option("--wait/--no-wait", default=False, help="Stay until it has ended; the exit code says how.")
@OUTPUT
@click.pass_context
def run(
    context: click.Context, job: str, params: tuple[str, ...], as_of: str | None, only: tuple[str, ...],
    wait: bool, output: str,
) -> None:  # fmt: skip
    """Run JOB now."""
    from boathouse.cli.bundle_run import start_and_follow

    client = _client()
    values = assignments(params)
    if not start_and_follow(client, job_id_of(client, job), values, as_of, only=only, wait=wait, output=output):
        context.exit(1)


@jobs.command()
@click.option("--job", help="Of this job only.")
@click.option("--active", is_flag=True, help="Only those that have not ended.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@OUTPUT
def runs(job: str | None, active: bool, limit: int, output: str) -> None:
    """List runs, newest first."""
    client = _client()
    job_id = job_id_of(client, job) if job else None
    found = client.get(f"{API}/runs/list", job_id=job_id, active_only=active, limit=limit)["runs"]
    if output == "json":
        _print_json(found)
        return
    rows = [
        (
            str(each["run_id"]),
            each["run_name"],
            _state(each),
            _instant(each["start_time"]),
            _seconds(each["run_duration"]),
        )
        for each in found
    ]
    _print_table(("Run", "Job", "State", "Started", "Took"), rows, empty="There are no runs that you may see.")


@jobs.command()
@click.argument("run_id", type=int)
@OUTPUT
def show(run_id: int, output: str) -> None:
    """Show the run RUN_ID and its tasks."""
    found = whole_run(_client(), run_id)
    if output == "json":
        _print_json(found)
        return
    click.secho(f"run {found['run_id']} of {found['run_name']}: {_state(found)}", bold=True)
    if message := found["state"].get("state_message"):
        click.echo(message)
    rows = [
        (
            task["task_key"] + (f"/{task['iteration']}" if "iteration" in task else _iterations(task)),
            _state(task),
            str(task["attempt_number"] + 1),
            _seconds(task["run_duration"]),
            _megabytes(task.get("peak_memory_bytes")),
            f"{task['cpu_seconds']:.1f} s" if "cpu_seconds" in task else "",
        )
        for task in found.get("tasks") or found["iterations"]
    ]
    _print_table(("Task", "State", "Attempts", "Took", "Memory", "CPU"), rows, empty="")


@jobs.command()
@click.argument("run_id", type=int)
def cancel(run_id: int) -> None:
    """Cancel the run RUN_ID."""
    _client().post(f"{API}/runs/cancel", {"run_id": run_id})
    click.echo(f"The run {run_id} is being cancelled.")


@jobs.command()
@click.argument("run_id", type=int)
@click.argument("task", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as long as the task runs.")
@click.option("--attempt", type=click.IntRange(0), help="Of this attempt; the latest when left out.")
def logs(run_id: int, task: str | None, follow: bool, attempt: int | None) -> None:
    """Print what TASK of the run RUN_ID prints; KEY/NUMBER is an iteration of a loop."""
    stream = sys.stdout.buffer
    client = RestClient(Connection.from_surroundings(), timeout_seconds=24 * 3600 if follow else 60)
    for chunk in client.download(f"{LOGS}/{run_id}/logs", task_key=task, follow=follow or None, attempt=attempt):
        stream.write(chunk)
        stream.flush()


@jobs.command()
@click.argument("run_id", type=int)
@click.argument("task", required=False)
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write it to this file.")
@click.option("--attempt", type=click.IntRange(0), help="Of this attempt; the latest when left out.")
def notebook(run_id: int, task: str | None, output: str | None, attempt: int | None) -> None:
    """Print the notebook of TASK of the run RUN_ID, with what its cells gave out, as .ipynb."""
    chunks = _client().download(f"{LOGS}/{run_id}/notebook", task_key=task, attempt=attempt)
    with Path(output).open("wb") if output else nullcontext(sys.stdout.buffer) as stream:
        for chunk in chunks:
            stream.write(chunk)


def _client() -> RestClient:
    return RestClient(Connection.from_surroundings())


def _iterations(task: dict[str, Any]) -> str:
    """How far a loop is."""
    stats = task.get("for_each_task", {}).get("stats", {}).get("task_run_stats")
    return f" ({stats['completed_iterations']} of {stats['total_iterations']})" if stats else ""


def _kind(task: dict[str, Any]) -> str:
    return next((name.removesuffix("_task") for name in task if name.endswith("_task")), "")


def _upstream(task: dict[str, Any]) -> list[str]:
    return [each["task_key"] for each in task.get("depends_on", ())]


def _state(shown: dict[str, Any]) -> str:
    return str(shown["state"].get("result_state") or shown["state"]["life_cycle_state"])


def _instant(milliseconds: int) -> str:
    return from_epoch_ms(milliseconds).isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds else ""


def _megabytes(size: int | None) -> str:
    return f"{size / 1e6:.0f} MB" if size else ""


def _print_json(data: Any) -> None:
    import json

    click.echo(json.dumps(data, indent=2))


def _print_table(header: tuple[str, ...], rows: list[tuple[str, ...]], *, empty: str) -> None:
    if not rows:
        click.echo(empty)
        return
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for number, row in enumerate([header, *rows]):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.secho(line, bold=number == 0)
