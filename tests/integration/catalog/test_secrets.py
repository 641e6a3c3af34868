"""Secrets through the whole server: the unmodified Databricks SDK, and the command line."""

import subprocess
import sys

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound, PermissionDenied, ResourceAlreadyExists
from databricks.sdk.service.workspace import AclPermission

from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def workspace(boathouse: LocalBoathouse) -> WorkspaceClient:
    return WorkspaceClient(host=boathouse.url, token=boathouse.token)


def test_the_sdk_keeps_and_reads_secrets(workspace: WorkspaceClient) -> None:
    workspace.secrets.create_scope("sdk")
    workspace.secrets.put_secret("sdk", "text", string_value="grüße")
    workspace.secrets.put_secret("sdk", "bytes", bytes_value="AP8=")

    assert workspace.dbutils.secrets.get("sdk", "text") == "grüße"
    assert workspace.dbutils.secrets.getBytes("sdk", "bytes") == b"\0\xff"
    assert [each.key for each in workspace.secrets.list_secrets("sdk")] == ["bytes", "text"]
    assert "sdk" in [each.name for each in workspace.dbutils.secrets.listScopes()]
    workspace.secrets.delete_secret("sdk", "text")
    with pytest.raises(NotFound):
        workspace.secrets.get_secret("sdk", "text")
    with pytest.raises(ResourceAlreadyExists):
        workspace.secrets.create_scope("SDK")
    workspace.secrets.delete_scope("sdk")
    assert "sdk" not in [each.name for each in workspace.secrets.list_scopes()]


def test_the_sdk_shares_a_scope(workspace: WorkspaceClient, boathouse: LocalBoathouse) -> None:
    assert boathouse.run("users", "create", "sam").returncode == 0
    token = boathouse.client().post("/api/2.0/token-management/on-behalf-of/tokens", {"application_id": "sam"})
    sam = WorkspaceClient(host=boathouse.url, token=token["token_value"])
    workspace.secrets.create_scope("shared")
    workspace.secrets.put_secret("shared", "k", string_value="v")
    with pytest.raises(NotFound):
        sam.secrets.get_secret("shared", "k")

    workspace.secrets.put_acl("shared", "sam", AclPermission.READ)

    assert sam.dbutils.secrets.get("shared", "k") == "v"
    with pytest.raises(PermissionDenied):
        sam.secrets.put_secret("shared", "k", string_value="w")
    assert workspace.secrets.get_acl("shared", "sam").permission is AclPermission.READ
    workspace.secrets.delete_acl("shared", "sam")
    assert [each.principal for each in workspace.secrets.list_acls("shared")] != ["sam"]


def test_the_command_line_takes_a_value_from_standard_input_only(boathouse: LocalBoathouse) -> None:
    assert boathouse.run("secrets", "create-scope", "cli").returncode == 0
    done = subprocess.run(
        [sys.executable, "-m", "boathouse", "secrets", "put", "cli", "pin"],
        env=boathouse.environment(),
        input=b"  s3cr3t \n",
        capture_output=True,
    )

    assert done.returncode == 0, done.stderr
    assert boathouse.run("secrets", "get", "cli", "pin").stdout == "  s3cr3t "
    assert "pin" in boathouse.run("secrets", "list", "cli").stdout
    assert boathouse.run("secrets", "rotate-key").returncode == 0
    assert boathouse.run("secrets", "get", "cli", "pin").stdout == "  s3cr3t "
    wrong = boathouse.run("secrets", "get", "cli", "pn")
    assert wrong.returncode == 4 and "Did you mean pin?" in wrong.stderr


@pytest.mark.parametrize(
    "body",
    [
        {"scope": "bad", "key": "k", "string_value": "hush-hush", "bytes_value": "aHVzaC1odXNo"},
        {"scope": "bad", "key": "k", "bytes_value": "hush-hush!"},
        {"scope": "bad", "key": "k", "string_value": ["hush-hush"]},
        {"scope": "bad", "key": "k", "string_value": "hush-hush\ud800"},
        {"scope": "bad", "string_value": "hush-hush"},
        {"scope": "bad", "key": "k/k", "string_value": "hush-hush"},
    ],
)
def test_no_refusal_repeats_a_value(boathouse: LocalBoathouse, body: dict[str, object]) -> None:
    client = boathouse.client()
    with pytest.raises(Exception) as refused:
        client.post("/api/2.0/secrets/put", body)

    assert "hush" not in str(refused.value)
    logs = "".join(file.read_text(errors="replace") for file in boathouse.home.logs.glob("*.log"))
    assert "hush" not in logs
