"""How the ``endpoint`` commands say what they found."""

from collections.abc import Sequence
from typing import Any

import click

from boathouse.cli.model_text import instant, print_rows

Json = dict[str, Any]


def print_endpoint(found: Json) -> None:
    """An endpoint as it is."""
    click.secho(f"{found['name']} is {state_text(found['state'])}", bold=True)
    if found.get("description"):
        click.echo(found["description"])
    if found.get("why"):
        click.secho(found["why"], fg="yellow")
    config = found["config"]
    click.echo(f"Configuration {config['config_version']}, policy {_policy(found)}, made by {found['creator']}.")
    pending = found.get("pending_config", config)["config_version"]
    if pending != config["config_version"]:
        click.echo(f"Configuration {pending} follows when it can answer.")
    if answers := found.get("answering"):
        print_answering(answers)
    else:
        entities = [(each["name"], _which(each)) for each in config["served_entities"]]
        print_rows(("Entity", "Serves"), entities, empty="It serves nothing.")
    if capture := config.get("auto_capture_config"):
        table = f"{capture['catalog_name']}.{capture['schema_name']}.{capture['table_name_prefix']}_payload"
        click.echo(f"Answers are kept in {table}." if capture["enabled"] else "No answers are kept.")
    else:
        click.echo("No answers are kept.")
    if url := found.get("endpoint_url"):
        click.echo(f"Asked at {url}, by hand at {url.removesuffix('/invocations')}/form.")


def state_text(state: Json) -> str:
    """Whether it answers, and whether something else is to answer.

    Example:
        >>> state_text({"ready": "READY", "config_update": "IN_PROGRESS"})
        'ready, and being updated'
    """
    is_ready, update = state["ready"] == "READY", state["config_update"]
    if update == "UPDATE_FAILED":
        return "ready, but its update has failed" if is_ready else "not ready: its update has failed"
    if not is_ready:
        return "not ready"
    return "ready" if update == "NOT_UPDATING" else "ready, and being updated"


def print_moment(found: Json, at: str) -> None:
    """An endpoint as it was."""
    click.secho(f"{found['name']} at {at}: configuration {found['config']['config_version']}", bold=True)
    click.echo(f"put in force {instant(found['configured_at'])} by {found['configured_by']}")
    if found["answering"] is None:
        click.echo("Nobody had looked yet what that means.")
    else:
        print_answering(found["answering"])


def print_answering(answering: Json) -> None:
    """Which versions answer, and since when."""
    if answering["state"] != "READY" and answering.get("why"):
        click.echo(f"Nobody answers since {instant(answering['since'])}: {answering['why']}")
        return
    rows = [
        (route["served_entity_name"], _version(route), f"{route['traffic_percentage']:g} %", route["role"])
        for route in answering["routes"]
    ]
    click.echo(f"Since {instant(answering['since'])}:")
    print_rows(("Entity", "Version", "Traffic", "Role"), rows, empty="Nobody answers.")


def print_history(name: str, history: Sequence[Json]) -> None:
    """What an endpoint stood for, newest first."""
    rows: list[tuple[str, ...]] = []
    for each in history:
        shares = ", ".join(
            f"{_version(route)} {route['traffic_percentage']:g} % {route['role']}" for route in each["routes"]
        )
        rows.append((instant(each["since"]), str(each["config_version"]), shares or "nobody", each["why"] or ""))
    print_rows(("Since", "Configuration", "Answered", "Why"), rows, empty=f"{name} has no history yet.")


def _version(route: Json) -> str:
    version = route["entity_version"]
    return route["entity_name"] if version is None else f"{route['entity_name']}@{version}"


def _which(entity: Json) -> str:
    which = entity.get("entity_alias") or entity.get("entity_version")
    return f"{entity['entity_name']}@{which}" if which else str(entity["entity_name"])


def _policy(found: Json) -> str:
    revision = found.get("policy_revision")
    return "as by default" if revision is None else f"revision {revision}"
