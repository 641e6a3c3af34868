"""``boathouse features certificate``: what was proven of the training set behind a model."""

import click

from boathouse.foundation.errors import NotFound
from boathouse.foundation.rest import Connection, RestClient


@click.command(short_help="Print the certificate of a model's training set.")
@click.argument("run_or_model")
@click.option("--require", is_flag=True, help="Fail unless it has passed.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
def certificate(run_or_model: str, output: str, *, require: bool) -> None:
    """Print the certificate of the training set behind RUN_OR_MODEL.

    RUN_OR_MODEL is catalog.schema.model, with /3 or @alias if it is not the newest version, or a run's id.
    """
    from boathouse.features.certificate import Certificate
    from boathouse.features.training.packing import CERTIFICATE_FILE
    from boathouse.models.model_files import NoSuchFile, texts_of

    client = RestClient(Connection.from_surroundings())
    try:
        found = [(uri, Certificate.from_json(text)) for uri, text in texts_of(client, run_or_model, CERTIFICATE_FILE)]
    except NoSuchFile as error:
        raise NotFound(
            f"{run_or_model} carries no certificate.",
            hint="Call training_set.certify() before fe.log_model(training_set=...).",
        ) from error
    for uri, each in found:
        if output == "json":
            click.echo(each.to_json())
        else:
            click.secho(uri, bold=True)
            click.echo(str(each))
        if require:
            each.require()
