"""What the models of a bundle have to show, beside what else ``bundle`` tells."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

if TYPE_CHECKING:
    from boathouse.bundles import Bundle
    from boathouse.foundation.rest import RestClient


def policies_json(bundle: "Bundle") -> list[dict[str, Any]]:
    """The policies that ``boathouse.yml`` comes to in this target."""
    from boathouse.models.gates.wire import policy_json

    return [{"key": each.key, "model": each.model, **policy_json(each.policy)} for each in bundle.models]


def deployed_policies(client: "RestClient", resources: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The policies that are deployed, as the server sees them."""
    from boathouse.foundation.errors import NotFound

    found: list[dict[str, Any]] = []
    for one in resources:
        section, _, key = one["resource"].partition(".")
        if section != "model_requirements":
            continue
        try:
            found.append({"key": key, **client.get(f"/api/boathouse/v1/models/{quote(one['id'])}/policy")})
        except NotFound:
            continue  # somebody has withdrawn it; the next plan says so
    return found


def print_policies(policies: Sequence[dict[str, Any]], *, whole: bool = False) -> None:
    """Two lines for each model, or everything."""
    from boathouse.cli.model_requirements import policy_sentences, print_policy

    for policy in policies:
        if whole:
            print_policy(policy, f"{policy['key']} ({policy['model']})")
            continue
        gates = ", ".join(gate["name"] for gate in policy["gates"])
        off = "".join(f", {gate['name']} is off" for gate in policy["disabled"])
        click.echo(f"{policy['key']} ({policy['model']}) is of tier {policy['tier']}. Gates: {gates}{off}.")
        for sentence in policy_sentences(policy):
            click.echo(f"  {sentence}")
