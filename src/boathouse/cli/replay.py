"""``boathouse replay``: does an answer come out again?"""

import json
import os
import warnings
from dataclasses import asdict

import click

from boathouse.foundation.rest import Connection


@click.command(short_help="Answer a request again, and compare.")
@click.argument("request_id")
@click.option("--endpoint", metavar="NAME", help="The endpoint that answered; by default all are looked through.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Form of output.")
@click.pass_context
def replay(context: click.Context, request_id: str, endpoint: str | None, output: str) -> None:
    """Give the model that answered REQUEST_ID what it was given then, and compare the answers.

    The files of the model, the request and the features are those of then. The exit code is 0 if the answer is equal, 1
    if it differs, 2 if it cannot be replayed.
    """
    connection = Connection.from_surroundings()
    os.environ |= {
        "MLFLOW_TRACKING_URI": connection.url,
        "MLFLOW_REGISTRY_URI": connection.url,
        "MLFLOW_TRACKING_TOKEN": connection.token,
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
    from boathouse.serving.replay.finding import find
    from boathouse.serving.replay.nouns import Verdict
    from boathouse.serving.replay.replaying import Replayer
    from boathouse.serving.replay.tasks import scratch_folder, sources_of
    from boathouse.session import default_session

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside MLflow's imports are MLflow's to mend
        session = default_session()
        captured = find(session, request_id, endpoint)
        with Replayer(sources_of(session), scratch_folder()) as replayer:
            found = replayer.replay(captured)
    if output == "json":
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        colours = {Verdict.EQUAL: "green", Verdict.DIFFERS: "red", Verdict.IMPOSSIBLE: "yellow"}
        words = {Verdict.EQUAL: "equal", Verdict.DIFFERS: "differs", Verdict.IMPOSSIBLE: "cannot be replayed"}
        who = f"{found.model}@{found.version}" if found.version is not None else found.endpoint
        who += f" · {found.rung}" if found.rung is not None else ""
        told = click.style(words[found.verdict], fg=colours[found.verdict])
        click.echo(f"{request_id} · {captured.request_time:%Y-%m-%d %H:%M:%S} · {who} · {told}")
        if found.reason:
            click.echo(found.reason)
        for each in found.differences:
            apart = f" (apart {each.apart:g})" if each.apart is not None else ""
            click.echo(f"{each.output}: then {each.then}, now {each.now}{apart}")
        if found.differing > len(found.differences):
            click.echo(f"and {found.differing - len(found.differences)} more")
        for note in found.notes:
            click.echo(f"Note: {note}.")
    context.exit({Verdict.EQUAL: 0, Verdict.DIFFERS: 1, Verdict.IMPOSSIBLE: 2}[found.verdict])
