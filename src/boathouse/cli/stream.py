"""``boathouse stream``: rows that are scored as they come."""

import warnings

import click

from boathouse.cli.score import set_up_mlflow


@click.group()
def stream() -> None:
    """Score rows as they come to a table, or messages as they come to a broker."""


@stream.command("run")
@click.argument("name")
@click.argument("model")
@click.argument("source")
@click.argument("output")
@click.option("--trigger", type=click.Choice(["available_now", "processing_time"]), default="available_now",
              show_default=True, help="Take what is there and end, or go on.")  # fmt: skip
@click.option("--every", default="1s", show_default=True, help="How long to wait between two looks.")
@click.option("--on-change", type=click.Choice(["error", "ignore", "upsert"]), default="error", show_default=True,
              help="When rows of SOURCE are changed or deleted.")  # fmt: skip
@click.option("--key", metavar="COLUMNS", help="Of upsert: what names a row, with commas between.")
@click.option("--begin", type=click.Choice(["earliest", "latest"]), default="earliest", show_default=True,
              help="With the rows that are there, or with the next commit.")  # fmt: skip
@click.option("--keep", metavar="COLUMNS", help="Columns of SOURCE beside the predictions; all by default.")
def run_stream(
    name: str,
    model: str,
    source: str,
    output: str,
    trigger: str,
    every: str,
    on_change: str,
    key: str | None,
    begin: str,
    keep: str | None,
) -> None:
    """Score the rows that come to the table SOURCE with MODEL into the table OUTPUT, each exactly once.

    How far the stream NAME is stands in OUTPUT itself; whoever runs it next goes on from there.
    """
    set_up_mlflow()
    from boathouse.foundation.spans import parse_span
    from boathouse.serving.batch.tasks import names
    from boathouse.serving.streaming.nouns import Begin, OnChange, Stream, Trigger
    from boathouse.serving.streaming.running import run
    from boathouse.serving.streaming.tasks import tell
    from boathouse.session import default_session

    wanted = Stream(
        name, model, source, output, OnChange(on_change), names(key) or (), Begin(begin), names(keep)
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside MLflow's imports are MLflow's to mend
        seconds = parse_span(every).total_seconds()
        rows = run(default_session(), wanted, Trigger(trigger), every_seconds=seconds, told=tell)
    click.echo(f"{rows:,} rows scored.")


@stream.command("show")
@click.argument("name")
@click.argument("source")
@click.argument("output")
def show_stream(name: str, source: str, output: str) -> None:
    """Say how far the stream NAME from SOURCE to OUTPUT is."""
    from boathouse.lake.log import DeltaLog
    from boathouse.serving.streaming.nouns import Stream
    from boathouse.serving.streaming.positions import position, writer_of
    from boathouse.session import default_session

    session = default_session()
    (found,) = session.open_tables([source])
    at = position(session.open_appender(output), writer_of(Stream(name, "", source, output), found.table))
    newest = DeltaLog(found.snapshot.location).latest()
    if at is None:
        click.echo(f"{name} has not run; {source} is at version {newest}.")
        return
    behind = newest - at
    click.echo(f"{name} is at version {at} of {source}" + (f", {behind} behind." if behind else ", the newest."))
