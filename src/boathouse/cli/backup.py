"""``boathouse backup`` and ``boathouse restore``. They work on files; no server is asked."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import HOME_FOLDER, Home, locate_home, require_home

if TYPE_CHECKING:
    from boathouse.care import Manifest

FOLDER = click.Path(path_type=Path)


class BackupGroup(click.Group):
    """``backup FOLDER`` makes one; ``backup verify FOLDER`` reads one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=BackupGroup, options_metavar="", subcommand_metavar="FOLDER | verify FOLDER")
def backup() -> None:
    """Back up the home of a running or stopped Boathouse to FOLDER, or verify a backup."""


@backup.command("make", hidden=True)
@click.argument("folder", type=FOLDER)
@click.option("--base", type=FOLDER, help="An earlier backup on the same disk: link to what has not changed since.")
@click.option("--with-keys", is_flag=True, help="Include the key of the secrets.")
@click.option("--with-logs", is_flag=True, help="Include the logs of runs and processes.")
def make(folder: Path, base: Path | None, with_keys: bool, with_logs: bool) -> None:
    """Back up the home to FOLDER, which must not exist."""
    from boathouse.care import BackupOptions, back_up
    from boathouse.catalog import Catalog
    from boathouse.foundation.principals import SYSTEM
    from boathouse.foundation.settings import Settings
    from boathouse.metastore import Database, DatabaseUrl

    home = require_home()
    if Settings.from_environment().database_url:
        raise InvalidInput(
            "The databases of this home are on Postgres, which boathouse backup does not copy.",
            hint="docs/how-to/postgres.md shows how to back up both together with pg_dump.",
        )
    database = Database(DatabaseUrl.sqlite(_existing(home.databases / "boathouse.db")))
    try:
        options = BackupOptions(with_keys, with_logs, base.absolute() if base else None)
        manifest = back_up(SYSTEM, Catalog(database, home), home, folder.absolute(), options)
    finally:
        database.dispose()
    click.echo(f"{folder}: {_contents(manifest)}, as of {manifest.instant}.")
    for name in manifest.not_included:
        _warn(f"Not included: {name}")
    if with_keys:
        _warn("The key of the secrets is in it: whoever reads the backup can read every secret.")
    elif home.secrets_key_file.exists():
        _warn(f"The key of the secrets is not in it. Keep a copy of {home.secrets_key_file} elsewhere.")


@backup.command("verify")
@click.argument("folder", type=FOLDER)
def verify_backup(folder: Path) -> None:
    """Check every hash of a backup, its databases and its tables."""
    from boathouse.care import verify

    found = verify(folder.absolute())
    click.echo(f"{folder} is whole: {_contents(found.manifest)}, as of {found.manifest.instant}.")


@click.command()
@click.argument("backup", type=FOLDER)
@click.option("--home", "folder", type=FOLDER, help="Where to (default: the home in force, else .boathouse here).")
@click.option("--replace", is_flag=True, help="Move a home that is there aside; it is kept.")
@click.option("--resume-runs", is_flag=True, help="Go on with runs that were under way, instead of ending them.")
@click.option(
    "--keep-schedules/--pause-schedules",
    default=None,
    help="Leave schedules and triggers as they were, or pause them all (default: pause, unless restored in place).",
)
def restore(backup: Path, folder: Path | None, replace: bool, resume_runs: bool, keep_schedules: bool | None) -> None:
    """Bring a home back from BACKUP; nothing is touched before all of it was checked."""
    from boathouse.care import RestoreOptions
    from boathouse.care import restore as restore_backup

    home = Home(folder.absolute()) if folder else locate_home() or Home(Path.cwd() / HOME_FOLDER)
    done = restore_backup(backup.absolute(), home, RestoreOptions(replace, resume_runs, keep_schedules))
    click.echo(f"{home.root}: {_contents(done.manifest)}, as of {done.manifest.instant}.")
    click.echo(f"Checked: {done.manifest.files:,} hashes, and {done.table_files:,} data files of tables;")
    click.echo(f"         MLflow reads {done.experiments} experiments and {done.models} registered models.")
    if done.runs:
        became = "queued again" if resume_runs else "ended as interrupted"
        click.echo(f"Runs that were under way: {done.runs}, {became}.")
    if done.paused:
        _warn(f"Jobs whose schedule or trigger is paused now: {done.paused}. See: boathouse jobs schedules")
    if done.relocated:
        click.echo(f"Locations that now say {home.root}: {done.relocated}.")
    if done.aside:
        click.echo(f"The home that was there is now {done.aside}.")
    for name in done.manifest.not_included:
        _warn(f"Was not in the backup: {name}")
    if not done.manifest.has_keys:
        _warn(f"The backup has no key of secrets; if there were secrets, bring {home.secrets_key_file} back.")


def _contents(manifest: "Manifest") -> str:
    return f"{len(manifest.tables)} tables, {manifest.files:,} files, {manifest.bytes:,} bytes"


def _existing(file: Path) -> Path:
    if not file.exists():
        raise InvalidInput(f"There is no database {file}.", hint="Start Boathouse on this home once: boathouse up")
    return file


def _warn(text: str) -> None:
    click.secho(text, fg="yellow", err=True)
