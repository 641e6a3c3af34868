"""``boathouse score``: predictions for all rows of a query."""

import os
import warnings

import click

from boathouse.foundation.rest import Connection


@click.command(short_help="Score a table or a query with a model.")
@click.argument("model")
@click.argument("source", metavar="INPUT")
@click.argument("output")
@click.option("--mode", type=click.Choice(["append", "overwrite", "merge"]), default="append", show_default=True,
              help="What becomes of rows that are there; merge replaces those with the same key.")  # fmt: skip
@click.option("--key", metavar="COLUMNS", help="What names a row of the output, with commas between.")
@click.option("--table", metavar="NAME", help="Of a database: the table.")
@click.option("--keep", metavar="COLUMNS", help="Columns of INPUT beside the predictions; all by default.")
@click.option("--prediction", default="prediction", show_default=True, help="The column for the predictions.")
@click.option("--type", "result_type", metavar="TYPE", help="The SQL type of the predictions.")
@click.option("--run-key", metavar="TEXT", help="Of several attempts with the same text, one lands.")
def score(
    model: str,
    source: str,
    output: str,
    mode: str,
    key: str | None,
    table: str | None,
    keep: str | None,
    prediction: str,
    result_type: str | None,
    run_key: str | None,
) -> None:
    """Let MODEL (NAME@champion, NAME@3) answer for all rows of INPUT, a table or a query.

    OUTPUT is a table, a file in a volume that ends with .parquet or .csv, or the address of a database, in which a
    password stands as {{secrets/scope/key}}.

    \b
    Example:
      boathouse score prod.flights.delay@champion prod.flights.tomorrow prod.flights.predictions
    """
    set_up_mlflow()
    from boathouse.serving.batch.nouns import Mode, Scoring
    from boathouse.serving.batch.running import score as run
    from boathouse.serving.batch.tasks import names, told
    from boathouse.session import default_session

    wanted = Scoring(
        model, source, output, Mode(mode), names(key) or (), table, names(keep), prediction, result_type, run_key
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside MLflow's imports are MLflow's to mend
        click.echo(told(run(default_session(), wanted)))


def set_up_mlflow() -> None:
    """Let MLflow in this process ask the Boathouse of the surroundings."""
    connection = Connection.from_surroundings()
    os.environ |= {
        "MLFLOW_TRACKING_URI": connection.url,
        "MLFLOW_REGISTRY_URI": connection.url,
        "MLFLOW_TRACKING_TOKEN": connection.token,
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
