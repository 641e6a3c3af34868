"""The ``boathouse`` command. A command's module is imported only when the command is used, so that help is quick."""

import errno
import sys

import click

from boathouse.cli.lazy import LazyGroup
from boathouse.foundation.errors import (
    AlreadyExists,
    BoathouseError,
    Conflict,
    Denied,
    InvalidInput,
    NotFound,
    Unauthenticated,
    Unavailable,
)

EXIT_CODES: dict[type[BoathouseError], int] = {
    InvalidInput: 2,
    Denied: 3,
    Unauthenticated: 3,
    NotFound: 4,
    AlreadyExists: 5,
    Conflict: 5,
    Unavailable: 6,
}
"""What a script can rely on; 1 for anything else."""

ALIASES = {"models": "model", "endpoints": "endpoint", "monitors": "monitor", "contracts": "contract"}
"""Names that commands have had, or that people try."""

COMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (module, object, line of help)
    "up": ("boathouse.cli.up", "up", "Start Boathouse on the nearest home folder."),
    "down": ("boathouse.cli.up", "down", "Stop it."),
    "status": ("boathouse.cli.status", "status", "Show what is running."),
    "ui": ("boathouse.cli.ui", "ui", "Print a link to the web page that signs you in."),
    "logs": ("boathouse.cli.status", "logs", "Show the processes' logs."),
    "doctor": ("boathouse.cli.doctor", "doctor", "Look for what could go wrong on this machine."),
    "sql": ("boathouse.cli.sql", "sql", "Run a SQL statement."),
    "summarize": ("boathouse.cli.summarize", "summarize", "Show what the columns of a table hold."),
    "upload": ("boathouse.cli.upload", "upload", "Copy files into a volume."),
    "download": ("boathouse.cli.upload", "download", "Copy a file out of a volume."),
    "ls": ("boathouse.cli.upload", "ls", "List a folder of a volume."),
    "bundle": ("boathouse.cli.bundle", "bundle", "Projects described in databricks.yml: deploy and run them."),
    "jobs": ("boathouse.cli.jobs", "jobs", "Jobs, their runs and their logs."),
    "notifications": ("boathouse.cli.notifications", "notifications", "Who is told about runs, and what was sent."),
    "events": ("boathouse.cli.events", "events", "What has happened, and what happens."),
    "webhooks": ("boathouse.cli.webhooks", "webhooks", "Who is told of events, and what became of it."),
    "monitor": ("boathouse.cli.monitors", "monitor", "Monitors: which tables are watched, and their refreshes."),
    "contract": (
        "boathouse.cli.contracts",
        "contract",
        "Data contracts: what tables promise, and whether they keep it.",
    ),
    "alert": ("boathouse.cli.alerts", "alert", "Alerts: what is watched, what fires, who is told."),
    "incident": ("boathouse.cli.incidents", "incident", "Incidents: what is wrong, what was done about it."),
    "playbook": ("boathouse.cli.incidents", "playbook", "Playbooks: what is done when something is wrong."),
    "model": (
        "boathouse.cli.models",
        "models",
        "Registered models: versions, gates, approvals, production.",
    ),
    "endpoint": ("boathouse.cli.endpoints", "endpoint", "Endpoints: what is served, who answers, how it is asked."),
    "retraining": ("boathouse.cli.retraining", "retraining", "What trains models again, and what holds that back."),
    "maturity": ("boathouse.cli.maturity", "maturity", "How far the work on models has come, by what happened."),
    "features": ("boathouse.cli.features", "features", "Feature tables: what there is, how fresh, who takes it."),
    "score": ("boathouse.cli.score", "score", "Score a table or a query with a model."),
    "stream": ("boathouse.cli.stream", "stream", "Score rows as they come."),
    "edge": ("boathouse.cli.edge", "edge", "Answer on a device from an archive of a model."),
    "replay": ("boathouse.cli.replay", "replay", "Answer a request again, and compare."),
    "secrets": ("boathouse.cli.secrets", "secrets", "Secrets: scopes, values, who may read them."),
    "search": ("boathouse.cli.search", "search", "Find tables, models, jobs and what else there is."),
    "describe": ("boathouse.cli.describe", "describe", "What a thing is, whose, from what, used by whom."),
    "impact": ("boathouse.cli.impact", "impact", "What a table or column has touched, with counts and owners."),
    "why": ("boathouse.cli.why", "why", "What somebody may do with a thing, and why."),
    "lineage": ("boathouse.cli.lineage", "lineage", "Where tables and columns came from and where they went."),
    "audit": ("boathouse.cli.records", "audit", "Who did what, and who was refused."),
    "users": ("boathouse.cli.principals", "users", "People."),
    "groups": ("boathouse.cli.principals", "groups", "Groups and their members."),
    "service-principals": ("boathouse.cli.principals", "service_principals", "Principals of programs."),
    "tokens": ("boathouse.cli.tokens", "tokens", "Tokens: make, list, revoke."),
    "backup": ("boathouse.cli.backup", "backup", "Back up the home while it runs; verify a backup."),
    "restore": ("boathouse.cli.backup", "restore", "Bring a home back from a backup."),
    "import": ("boathouse.cli.imports", "import_group", "Take in existing Delta tables or an MLflow store."),
    "gc": ("boathouse.cli.gc", "gc", "Remove what nothing refers to; --dry-run tells."),
    "env": ("boathouse.cli.status", "env", "Print the exports for other clients."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, aliases=ALIASES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="boathouse", message="boathouse %(version)s")
def cli() -> None:
    """The MLOps side of an open lakehouse: governed Delta tables, features, MLflow, durable jobs, asset bundles."""


def main() -> None:
    """Run the command line; an error becomes one sentence and an exit code."""
    sys.exit(run())  # out of reach of any except: an error kept as context would keep the engine alive


def run() -> int:
    """Do what the arguments say; gives the exit code."""
    try:
        return int(cli(standalone_mode=False) or 0)
    except click.exceptions.Abort:
        return 130
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BoathouseError as error:
        click.secho(f"Error: {error.message}", fg="red", err=True)
        if error.hint:
            click.echo(error.hint, err=True)
        return exit_code_of(error)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; there is nobody left to tell
        return 141
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        click.secho(f"Error: {error.strerror or error}{where}.", fg="red", err=True)
        return EXIT_CODES[Unavailable] if error.errno in (errno.ENOSPC, errno.EDQUOT) else 1


def exit_code_of(error: BoathouseError) -> int:
    return next((code for category, code in EXIT_CODES.items() if isinstance(error, category)), 1)
