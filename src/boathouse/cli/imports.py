"""``boathouse import``: take in what other tools have made. Works on the home's files; a server may run meanwhile."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from boathouse.foundation.errors import Unauthenticated
from boathouse.foundation.home import Home, require_home

if TYPE_CHECKING:
    from boathouse.foundation.principals import Principal
    from boathouse.wiring.control_plane import ControlPlane


@click.group("import")
def import_group() -> None:
    """Take in existing Delta tables, or an existing MLflow store."""


@import_group.command("delta")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--into", required=True, metavar="CATALOG.SCHEMA", help="The schema that the tables come into.")
@click.option(
    "--copy/--in-place", "copies", default=False, help="Copy into managed tables, or leave them there (default)."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would happen.")
def delta(folder: Path, into: str, copies: bool, dry_run: bool) -> None:
    """Take in every Delta table in or below FOLDER; a second time, only the new ones."""
    from boathouse.care.delta_import import DeltaImport, Outcome, import_delta
    from boathouse.foundation.names import SchemaName

    colours = {Outcome.COLLIDES: "yellow", Outcome.DAMAGED: "red", Outcome.REFUSED: "red"}
    counts = dict.fromkeys(Outcome, 0)
    with _acting() as (plane, principal):
        wish = DeltaImport(folder, SchemaName.parse(into), copies, dry_run)
        for each in import_delta(principal, plane.catalog, wish):
            counts[each.outcome] += 1
            where = f" as {each.name}" if each.name else ""
            version = f" at version {each.version}" if each.version is not None else ""
            why = f": {each.reason}" if each.reason else ""
            click.secho(f"{each.outcome:<9} {each.source}{where}{version}{why}", fg=colours.get(each.outcome))
    total = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    click.echo(f"{'Would be: ' if dry_run else ''}{total}.")
    if any(counts[outcome] for outcome in colours):
        raise click.exceptions.Exit(1)


@import_group.command("mlflow")
@click.argument("source")
@click.option("--into", metavar="CATALOG.SCHEMA", help="The schema for models whose names have no three levels.")
@click.option("--artifacts", type=click.Path(path_type=Path), help="Where the artifacts are that a .db file names.")
@click.option("--dry-run", is_flag=True, help="Only tell what would come in.")
def mlflow_store(source: str, into: str | None, artifacts: Path | None, dry_run: bool) -> None:
    """Take in an MLflow store: an mlruns folder, an SQLite file, or the URL of a tracking server.

    Runs keep their ids, versions their numbers. Stop it when you like; started again, it goes on where it was.
    """
    from tempfile import TemporaryDirectory

    from boathouse.foundation.names import SchemaName
    from boathouse.models.import_source import open_source
    from boathouse.models.importing import Importer, MlflowImport

    with _acting() as (plane, principal), TemporaryDirectory(prefix="boathouse-import-") as scratch:
        opened = open_source(source, Path(scratch), artifacts)
        schema = SchemaName.parse(into) if into else None
        done = Importer(plane.models, principal, MlflowImport(opened, plane.home.artifacts, schema, dry_run)).run()
    for gap in done.gaps:
        click.secho(f"Gap: {gap}", fg="yellow", err=True)
    click.echo(
        f"{'Would come in' if dry_run else 'Came in'}: {done.experiments} experiments, {done.runs} runs, "
        f"{done.logged_models} logged models, {done.models} registered models with {done.versions} versions and "
        f"{done.aliases} aliases, {done.artifact_bytes:,} bytes of artifacts; {done.known} were there already."
    )


@contextmanager
def _acting() -> "Generator[tuple[ControlPlane, Principal]]":
    """The parts over the home's files, and whose token the home holds."""
    from boathouse.foundation.settings import Settings
    from boathouse.wiring.control_plane import build_control_plane

    home = require_home()
    plane = build_control_plane(home, Settings.from_environment())
    try:
        yield plane, plane.catalog.identities.authenticate(_token(home)).principal
    finally:
        plane.close()


def _token(home: Home) -> str:
    import os

    if (token := os.environ.get("BOATHOUSE_TOKEN") or home.token()) is None:
        raise Unauthenticated(f"There is no token in {home.token_file}.", hint="Start Boathouse once: boathouse up")
    return token
