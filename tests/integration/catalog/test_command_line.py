"""The commands for principals, tokens, lineage and audit against a real Boathouse."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from boathouse.catalog import ColumnFlow, LineageEdge, LineageNode, NodeKind
from boathouse.cli import lineage, principals, records, tokens
from boathouse.foundation.errors import Unauthenticated

pytestmark = pytest.mark.server


@pytest.fixture
def cli(served, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command as the administrator, or as whoever has the token."""

    def run(command, *arguments: str, token: str | None = None) -> Result:
        monkeypatch.setenv("BOATHOUSE_URL", served.url)
        monkeypatch.setenv("BOATHOUSE_TOKEN", token or served.admin_token)
        result = CliRunner().invoke(command, list(arguments))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def test_a_team_is_set_up_from_the_command_line(cli):
    cli(principals.users, "create", "carol@example.com", "--display-name", "Carol")
    cli(principals.groups, "create", "Data Team")
    cli(principals.service_principals, "create", "robot")
    cli(principals.groups, "add-member", "Data Team", "carol@example.com")
    cli(principals.groups, "add-member", "Data Team", "robot")
    cli(principals.groups, "remove-member", "Data Team", "robot")

    listed = json.loads(cli(principals.users, "list", "-o", "json").stdout)
    shown = json.loads(cli(principals.groups, "show", "Data Team").stdout)

    assert {each["name"] for each in listed} == {"alice", "bob", "carol@example.com"}
    assert shown["members"] == ["carol@example.com"]
    assert "carol@example.com" in cli(principals.users, "list").stdout
    cli(principals.users, "delete", "carol@example.com")
    assert "carol@example.com" not in cli(principals.users, "list").stdout


def test_a_token_is_shown_once_and_ends_when_it_is_revoked(cli):
    cli(principals.service_principals, "create", "robot")
    made = cli(tokens.tokens, "create", "--for", "robot", "--lifetime", "30d", "--comment", "nightly")
    secret = made.stdout.splitlines()[0]

    own = cli(tokens.tokens, "list", token=secret).stdout
    assert "nightly" in own and secret not in own
    token_id = own.splitlines()[1].split()[0]
    cli(tokens.tokens, "revoke", token_id)
    with pytest.raises(Unauthenticated, match="revoked"):
        cli(tokens.tokens, "list", token=secret)


def test_a_lifetime_without_a_unit_is_refused(cli):
    refused = cli(tokens.tokens, "create", "--lifetime", "30")

    assert refused.exit_code == 2
    assert "not a lifetime" in refused.output


def test_lineage_and_audit_are_shown(cli, served):
    for name in ("rides", "fares"):
        served.make_table(f"dev.trips.{name}")
    rides, fares = (LineageNode(NodeKind.TABLE, f"dev.trips.{name}", 1) for name in ("rides", "fares"))
    flow = ColumnFlow({"fare": ("distance",)})
    served.catalog.lineage.record(served.admin, [LineageEdge(rides, fares, "WRITE", columns=flow)])

    tree = cli(lineage.lineage, "dev.trips.fares.fare", "--up").stdout.splitlines()
    graph = json.loads(cli(lineage.lineage, "dev.trips.rides", "--down", "--json").stdout)

    assert tree[0] == "dev.trips.fares.fare comes from"
    assert tree[1].startswith("└─ dev.trips.rides.distance  [version 1, by alice")
    assert [step["target"]["name"] for step in graph["steps"]] == ["dev.trips.fares"]
    assert "createTable" in cli(records.audit, "--name", "dev.trips.rides").stdout
