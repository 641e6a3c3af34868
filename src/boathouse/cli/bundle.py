"""``boathouse bundle``: a project in ``databricks.yml``, from an empty folder to a deployed and running job."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boathouse.foundation.errors import BoathouseError, InvalidInput, NotFound, Unauthenticated, Unavailable

if TYPE_CHECKING:
    from boathouse.bundles import Bundle
    from boathouse.foundation.rest import RestClient


_target = click.option("-t", "--target", help="One of the bundle's targets; else its default.")
_var = click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="The value of a variable.")
_output = click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
_delete_data = click.option(
    "--delete-data", multiple=True, metavar="NAME", help="Delete NAME although it holds data (a full name)."
)
_force = click.option("--force", is_flag=True, help="Deploy to production from another branch.")
_approve = click.option("--auto-approve", is_flag=True, help="Do not ask before something is deleted.")


@click.group()
def bundle() -> None:
    """Projects described in databricks.yml: new ones, plans, deployments, runs."""


@bundle.command()
@click.argument("name", required=False)
@click.option("--output-dir", type=click.Path(file_okay=False, path_type=Path), help="Where to; else a folder NAME.")
def init(name: str | None, output_dir: Path | None) -> None:
    """Make a new project NAME that works at once."""
    from boathouse.bundles.projects import create_project

    chosen = name or (output_dir.absolute().name if output_dir else click.prompt("Name of the project"))
    folder = create_project(chosen, output_dir or Path.cwd() / chosen)
    shown = os.path.relpath(folder)
    click.secho(f"{chosen} is ready in {shown}.", fg="green")
    click.echo(f"\n  cd {shown}\n  boathouse up --detach\n  boathouse bundle deploy\n  boathouse bundle run pipeline\n")
    click.echo("README.md says what is in it.")


@bundle.command()
@_target
@_var
@_force
@click.option("--policy", "wants_policy", is_flag=True, help="Show each model's gates, rules and signatures too.")
@_output
def validate(target: str | None, variables: tuple[str, ...], force: bool, wants_policy: bool, output: str) -> None:
    """Check the bundle; all errors at once. Needs no server."""
    from boathouse.bundles import InvalidBundle
    from boathouse.cli.bundle_models import policies_json, print_policies
    from boathouse.cli.bundle_text import print_findings, print_json

    try:
        found = _read(target, variables, _client_if_running(), force=force)
    except InvalidBundle as error:
        if output == "json":
            print_json({"is_valid": False, "findings": [finding.to_json() for finding in error.findings]})
        else:
            print_findings(error.findings)
        raise click.exceptions.Exit(2) from error
    if output == "json":
        desired = found.desired(None).to_json()
        findings = [each.to_json() for each in found.findings]
        print_json({"is_valid": True, "findings": findings, "desired": desired, "policies": policies_json(found)})
        return
    print_findings(found.findings)
    print_policies(policies_json(found), whole=wants_policy)
    click.secho(f"{found.place.bundle} is valid for the target {found.place.target}.", fg="green")


@bundle.command()
@_target
@_var
@_force
@_delete_data
@_output
def plan(
    target: str | None, variables: tuple[str, ...], force: bool, delete_data: tuple[str, ...], output: str
) -> None:
    """Show what a deployment would change."""
    from boathouse.bundles.remote import RemoteDeployments, prepare
    from boathouse.cli.bundle_text import print_json, print_plan

    client = _client()
    prepared = prepare(_read_or_explain(target, variables, client, force=force), delete_data)
    planned = RemoteDeployments(client).plan(prepared)
    if output == "json":
        print_json(planned)
    else:
        print_plan(planned)


@bundle.command()
@_target
@_var
@_force
@_approve
@_delete_data
@_output
def deploy(
    target: str | None,
    variables: tuple[str, ...],
    force: bool,
    auto_approve: bool,
    delete_data: tuple[str, ...],
    output: str,
) -> None:
    """Bring about what the bundle describes."""
    from boathouse.bundles.remote import RemoteDeployments, prepare
    from boathouse.cli.bundle_text import print_json, print_plan, print_report

    client = _client()
    found = _read_or_explain(target, variables, client, force=force, quiet=output == "json")
    prepared = prepare(found, delete_data)
    remote = RemoteDeployments(client)
    planned = remote.plan(prepared)
    if _deletes(planned) and not auto_approve:
        print_plan(planned, err=True)
        _ask("Deploy, and delete these?")
    report = remote.deploy(prepared)
    if output == "json":
        print_json(report)
    else:
        print_report(report, found.place.bundle, found.place.target)


@bundle.command()
@click.argument("key")
@_target
@_var
@click.option("--params", multiple=True, metavar="NAME=VALUE", help="The value of a job parameter.")
@click.option("--as-of", metavar="INSTANT", help="The present as the run shall see it, as in 2013-06-01.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the run to end.")
@_output
def run(
    key: str,
    target: str | None,
    variables: tuple[str, ...],
    params: tuple[str, ...],
    as_of: str | None,
    no_wait: bool,
    output: str,
) -> None:
    """Run the deployed job KEY and follow it; exit code 1 when it fails."""
    from boathouse.bundles.variables import parse_assignments
    from boathouse.cli.bundle_run import start_and_follow

    client = _client()
    given = parse_assignments(params)
    found = _read_or_explain(target, variables, client, force=True, quiet=True)
    job_id = _job_id(client, found, key)
    succeeded = start_and_follow(client, job_id, given, as_of, wait=not no_wait, output=output)
    if not succeeded:
        raise click.exceptions.Exit(1)


@bundle.command()
@_target
@_var
@_output
def summary(target: str | None, variables: tuple[str, ...], output: str) -> None:
    """Show what is deployed: names, ids, addresses, when and from which commit."""
    from boathouse.bundles.remote import RemoteDeployments
    from boathouse.cli.bundle_models import deployed_policies, print_policies
    from boathouse.cli.bundle_text import print_json, print_summary, with_urls

    client = _client()
    found = _read_or_explain(target, variables, client, force=True, quiet=True)
    shown = with_urls(RemoteDeployments(client).summary(found.place), client.connection.url)
    policies = deployed_policies(client, shown["resources"])
    if output == "json":
        print_json({**shown, "policies": policies})
    else:
        print_summary(shown)
        print_policies(policies)


@bundle.command()
@_target
@_var
@_approve
@_delete_data
@_output
def destroy(
    target: str | None, variables: tuple[str, ...], auto_approve: bool, delete_data: tuple[str, ...], output: str
) -> None:
    """Remove what the bundle has made; what holds data stays unless it is named."""
    from boathouse.bundles.remote import RemoteDeployments
    from boathouse.cli.bundle_text import print_json, print_plan, print_report

    client = _client()
    found = _read_or_explain(target, variables, client, force=True, quiet=True)
    remote = RemoteDeployments(client)
    if not auto_approve:
        print_plan(remote.plan_destroy(found.place, delete_data), err=True)
        _ask(f"Destroy {found.place.bundle} in {found.place.target}?")
    report = remote.destroy(found.place, delete_data, lock=found.lock)
    if output == "json":
        print_json(report)
    else:
        print_report(report, found.place.bundle, found.place.target, verb="destroyed")


def _read(
    target: str | None, variables: tuple[str, ...], client: "RestClient | None", *, force: bool = False
) -> "Bundle":
    from boathouse.bundles import Reading, find_root, read_bundle
    from boathouse.bundles.user import CurrentUser
    from boathouse.bundles.variables import parse_assignments

    reading = Reading(
        user=CurrentUser(_user_name(client)),
        target=target,
        variables=parse_assignments(variables),
        environment=os.environ,
        host=client.connection.url if client else None,
        force=force,
    )
    return read_bundle(find_root(Path.cwd()), reading)


def _read_or_explain(
    target: str | None,
    variables: tuple[str, ...],
    client: "RestClient",
    *,
    force: bool = False,
    quiet: bool = False,
) -> "Bundle":
    """Read the bundle and show what is worth knowing about it."""
    from boathouse.cli.bundle_text import print_findings

    found = _read(target, variables, client, force=force)
    if not quiet:
        print_findings(found.findings)
    return found


def _client() -> "RestClient":
    from boathouse.bundles.remote import DEPLOYMENT_TIMEOUT_SECONDS
    from boathouse.foundation.rest import Connection, RestClient

    return RestClient(Connection.from_surroundings(), timeout_seconds=DEPLOYMENT_TIMEOUT_SECONDS)


def _client_if_running() -> "RestClient | None":
    """A client when a Boathouse answers: validating works without."""
    from boathouse.foundation.rest import Connection, RestClient

    try:
        client = RestClient(Connection.from_surroundings(), timeout_seconds=5)
        _user_name(client)
    except (NotFound, Unavailable, Unauthenticated):
        return None
    return client


def _user_name(client: "RestClient | None") -> str:
    if client is None:
        import getpass

        return getpass.getuser()
    return str(client.get("/api/2.0/preview/scim/v2/Me")["userName"])


def _job_id(client: "RestClient", found: "Bundle", key: str) -> int:
    from boathouse.bundles.remote import RemoteDeployments
    from boathouse.foundation.errors import did_you_mean

    resources = RemoteDeployments(client).summary(found.place)["resources"]
    jobs = {one["resource"].removeprefix("jobs."): one for one in resources if one["resource"].startswith("jobs.")}
    if key not in jobs:
        hint = did_you_mean(key, jobs) or (f"There are: {', '.join(jobs)}." if jobs else "Deploy the bundle first.")
        raise NotFound(f"No job {key!r} of {found.place.bundle} is deployed to {found.place.target}.", hint=hint)
    return int(jobs[key]["id"])


def _deletes(planned: dict[str, Any]) -> bool:
    return any(step["action"] == "delete" for step in planned["steps"])


def _ask(question: str) -> None:
    """Go on only after a yes; where nobody can answer, say what to do instead."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as error:
        raise InvalidInput("Nobody answered, so nothing was done.", hint="Say --auto-approve.") from error
    if not agreed:
        raise BoathouseError("Nothing was done.")
