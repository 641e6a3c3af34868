"""``boathouse endpoint``: what is served, who answers, and how it is asked."""

from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.endpoint_text import print_endpoint, print_history, print_moment, state_text
from boathouse.cli.lazy import LazyGroup
from boathouse.cli.model_text import print_json, print_rows
from boathouse.cli.principals import connected, output_option

API = "/api/2.0/serving-endpoints"
OURS = "/api/boathouse/v1/endpoints"

COMMANDS: dict[str, tuple[str, str, str]] = {
    "query": ("boathouse.cli.endpoint_query", "query", "Ask an endpoint."),
    "policy": ("boathouse.cli.endpoint_policy", "policy", "How an endpoint changes, falls and is limited."),
    "permissions": ("boathouse.cli.endpoint_permissions", "permissions", "Who may see, ask and manage an endpoint."),
    "rollout": ("boathouse.cli.endpoint_rollouts", "rollout", "Which version is on its way to the traffic."),
    "advance": ("boathouse.cli.endpoint_rollouts", "advance", "Give that version its next share now."),
    "abort": ("boathouse.cli.endpoint_rollouts", "abort", "Give the traffic back to the version before."),
    "retry": ("boathouse.cli.endpoint_rollouts", "retry", "Let a version that was aborted come again."),
    "shadow": ("boathouse.cli.endpoint_rollouts", "shadow", "How the shadow differs from what callers got."),
    "experiment": ("boathouse.cli.endpoint_rollouts", "experiment", "What the A/B test has come to."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def endpoint() -> None:
    """Endpoints: what is served, who answers, how it is asked."""


@endpoint.command("list")
@output_option
def list_endpoints(output: str) -> None:
    """List the endpoints you may see."""
    found = connected().get(API)["endpoints"]
    if output == "json":
        print_json(found)
        return
    rows = [
        (
            each["name"],
            state_text(each["state"]),
            ", ".join(map(_served, each["config"]["served_entities"])),
            each["creator"],
        )
        for each in found
    ]
    print_rows(("Name", "State", "Serves", "Creator"), rows, empty="There are no endpoints that you may see.")


@endpoint.command()
@click.argument("name")
@click.option("--at", metavar="TIME", help="What answered then: 2026-03-01T12:00Z.")
@click.option("--history", is_flag=True, help="Which versions answered when.")
@output_option
def show(name: str, at: str | None, *, history: bool, output: str) -> None:
    """Show the endpoint NAME: what it serves, which versions answer, and what is missing."""
    client = connected()
    if history:
        found: Any = client.get(f"{OURS}/{quote(name, safe='')}/history")
        print_json(found) if output == "json" else print_history(name, found["history"])
    elif at is not None:
        found = client.get(f"{OURS}/{quote(name, safe='')}", at=at)
        print_json(found) if output == "json" else print_moment(found, at)
    else:
        found = client.get(f"{API}/{quote(name, safe='')}")
        print_json(found) if output == "json" else print_endpoint(found)


@endpoint.command()
@click.argument("name")
@click.argument("entities", nargs=-1, required=True, metavar="ENTITY...")
@click.option("--traffic", metavar="SHARES", help="Of several entities, in their order: 90,10.")
@click.option("--capture", metavar="SCHEMA", help="Where answers are kept: catalog.schema.")
@click.option("--no-capture", is_flag=True, help="Keep no answers.")
@click.option("--description", help="What it is for.")
@output_option
def create(
    name: str,
    entities: tuple[str, ...],
    traffic: str | None,
    capture: str | None,
    *,
    no_capture: bool,
    description: str | None,
    output: str,
) -> None:
    """Create the endpoint NAME, which serves each ENTITY: prod.flights.delay@champion, prod.flights.delay@3, or the
    name of a feature spec. What is not there yet may come."""
    body = {"name": name, "config": _config(name, entities, traffic, capture, no_capture=no_capture)}
    made = connected().post(API, {**body, **({"description": description} if description else {})})
    print_json(made) if output == "json" else _said(made, "Created")


@endpoint.command()
@click.argument("name")
@click.argument("entities", nargs=-1, required=True, metavar="ENTITY...")
@click.option("--traffic", metavar="SHARES", help="Of several entities, in their order: 90,10.")
@click.option("--capture", metavar="SCHEMA", help="Where answers are kept from now on: catalog.schema.")
@click.option("--no-capture", is_flag=True, help="Keep no answers from now on.")
@output_option
def update(
    name: str, entities: tuple[str, ...], traffic: str | None, capture: str | None, *, no_capture: bool, output: str
) -> None:
    """Let the endpoint NAME serve something else; no request is lost meanwhile."""
    config = _config(name, entities, traffic, capture, no_capture=no_capture)
    changed = connected().put(f"{API}/{quote(name, safe='')}/config", config)
    print_json(changed) if output == "json" else _said(changed, "Changed")


@endpoint.command()
@click.argument("name")
def delete(name: str) -> None:
    """Delete the endpoint NAME. Its history and its inference tables stay."""
    connected().delete(f"{API}/{quote(name, safe='')}")
    click.echo(f"Deleted the endpoint {name}.")


@endpoint.command()
@click.argument("name")
@click.option("--entity", help="Of one served entity only.")
def logs(name: str, entity: str | None) -> None:
    """Show what the data plane says of the endpoint NAME, and when who came to answer."""
    client, path = connected(), f"{API}/{quote(name, safe='')}"
    served = [each["name"] for each in client.get(path)["config"]["served_entities"]]
    for each in [entity] if entity else served:
        for kind in ("build-logs", "logs"):
            text = client.get(f"{path}/served-models/{quote(each, safe='')}/{kind}")["logs"]
            if text:
                click.echo(text)


def _config(
    name: str, entities: tuple[str, ...], traffic: str | None, capture: str | None, *, no_capture: bool
) -> dict[str, Any]:
    served = [_entity(each) for each in entities]
    config: dict[str, Any] = {"served_entities": served}
    if traffic is not None or len(served) > 1:
        config["traffic_config"] = {"routes": _routes(served, traffic)}
    if no_capture:
        config["auto_capture_config"] = {"enabled": False}
    elif capture is not None:
        catalog, dot, schema = capture.partition(".")
        if not dot:
            raise click.UsageError("--capture names a schema: catalog.schema.")
        config["auto_capture_config"] = {"catalog_name": catalog, "schema_name": schema}
    return config


def _entity(text: str) -> dict[str, Any]:
    full_name, mark, which = text.rpartition("@")
    if not mark:
        return {"name": text.rpartition(".")[2], "entity_name": text}
    return {
        "name": f"{full_name.rpartition('.')[2]}-{which}", "entity_name": full_name, "entity_version": which,
    }  # fmt: skip


def _routes(served: list[dict[str, Any]], traffic: str | None) -> list[dict[str, Any]]:
    try:
        shares = [float(each) for each in (traffic or "").split(",") if each.strip()]
    except ValueError as error:
        raise click.UsageError("--traffic is numbers with commas between: 90,10.") from error
    if len(shares) != len(served):
        raise click.UsageError(f"{len(served)} entities need as many shares of the traffic: --traffic 90,10.")
    return [
        {"served_entity_name": each["name"], "traffic_percentage": share}
        for each, share in zip(served, shares, strict=True)
    ]


def _said(found: dict[str, Any], verb: str) -> None:
    click.echo(f"{verb} the endpoint {found['name']}.")
    if ignored := found.get("ignored"):
        click.echo(f"Not acted on: {', '.join(ignored)}.", err=True)
    click.echo(f"Ask it with: boathouse endpoint query {found['name']} --data '{{\"dataframe_records\": [...]}}'")


def _served(entity: dict[str, Any]) -> str:
    which = entity.get("entity_alias") or entity.get("entity_version")
    return f"{entity['entity_name']}@{which}" if which else str(entity["entity_name"])
