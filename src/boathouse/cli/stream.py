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


@stream.command("broker")
@click.argument("model")
@click.argument("url")
@click.argument("source", metavar="INPUT")
@click.argument("output")
@click.option("--dead", metavar="NAME", help="For messages that cannot be answered; INPUT.dead by default.")
@click.option("--group", default="boathouse", show_default=True, help="Processes of one group share the messages.")
@click.option("--consumer", help="The name of this process in the group; host and process by default.")
@click.option("--idle", default="30s", show_default=True,
              help="Of Redis: when a message that somebody left lying is taken over.")  # fmt: skip
def broker(
    model: str, url: str, source: str, output: str, dead: str | None, group: str, consumer: str | None, idle: str
) -> None:
    """Answer messages from INPUT of the broker at URL with MODEL into OUTPUT.

    A message is the body of an invocation. URL begins with redis, kafka, nats or amqp; {{env/NAME}} in it stands for a
    variable.
    """
    import asyncio
    import os
    import platform
    import re

    set_up_mlflow()
    from boathouse.foundation.spans import parse_span
    from boathouse.models.named_versions import version_named
    from boathouse.serving.batch.models import open_model
    from boathouse.serving.streaming.brokers import BrokerStream, serve
    from boathouse.session import default_session

    address = re.sub(r"\{\{\s*env/(\w+)\s*\}\}", lambda match: os.environ.get(match[1], ""), url)
    name = consumer or f"{platform.node()}-{os.getpid()}"
    wanted = BrokerStream(address, source, output, dead, group, name, parse_span(idle).total_seconds())
    _ = wanted.kind
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside MLflow's imports are MLflow's to mend
        found = version_named(model)
        with open_model(default_session(), str(found.name), found.version or 0) as opened:
            click.echo(f"{found} answers messages of {source}.")
            asyncio.run(serve(wanted, lambda: opened))
