"""Statements over REST with the unmodified Databricks SDK, against a real server with real query processes."""

import os
import signal
import time
import urllib.error
import urllib.request

import pyarrow as pa
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound
from databricks.sdk.service.sql import (
    Disposition,
    ExecuteStatementRequestOnWaitTimeout,
    Format,
    StatementParameterListItem,
    StatementState,
)

from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server
WAITING = "SELECT count(*) FROM range(0, 3000000) a JOIN range(0, 3000000) b ON a.id + b.id < 0"


@pytest.fixture
def client(boathouse: LocalBoathouse) -> WorkspaceClient:
    return WorkspaceClient(host=boathouse.url, token=boathouse.token, auth_type="pat")


@pytest.fixture
def warehouse(client: WorkspaceClient) -> str:
    (found,) = list(client.warehouses.list())
    assert found.id is not None
    return found.id


def ended(client: WorkspaceClient, statement_id: str):
    while (found := client.statement_execution.get_statement(statement_id)).status.state in (
        StatementState.PENDING,
        StatementState.RUNNING,
    ):
        time.sleep(0.05)
    return found


def test_the_rows_of_a_query_come_as_strings(client: WorkspaceClient, warehouse: str) -> None:
    answer = client.statement_execution.execute_statement(
        "SELECT 1 AS i, CAST(1.5 AS DECIMAL(4,2)) AS d, true AS b, 1e10D AS f, DATE'2020-01-02' AS day, "
        "TIMESTAMP'2020-01-02 03:04:05' AS t, array(1, 2) AS a, map('k', 1) AS m, named_struct('x', 'y') AS s, "
        "CAST('ab' AS BINARY) AS bin, CAST(NULL AS STRING) AS n",
        warehouse,
        wait_timeout="50s",
    )
    assert answer.status.state is StatementState.SUCCEEDED
    assert answer.result.data_array == [
        ["1", "1.50", "true", "1.0E10", "2020-01-02", "2020-01-02T03:04:05.000Z", "[1,2]", '{"k":1}', '{"x":"y"}',
         "YWI=", None]
    ]  # fmt: skip
    assert [column.type_text for column in answer.manifest.schema.columns] == [
        "INT", "DECIMAL(4,2)", "BOOLEAN", "DOUBLE", "DATE", "TIMESTAMP", "ARRAY<INT>", "MAP<STRING,INT>",
        "STRUCT<X:STRING>", "BINARY", "STRING",
    ]  # fmt: skip


def test_parameters_are_values_of_their_types(client: WorkspaceClient, warehouse: str) -> None:
    answer = client.statement_execution.execute_statement(
        "SELECT :a + 1 AS a, :b AS b, year(:c) AS c, :d AS d",
        warehouse,
        parameters=[
            StatementParameterListItem("a", type="INT", value="41"),
            StatementParameterListItem("b", value="'; DROP TABLE x"),
            StatementParameterListItem("c", type="DATE", value="2020-02-03"),
            StatementParameterListItem("d", type="STRING"),
        ],
        wait_timeout="50s",
    )
    assert answer.result.data_array == [["42", "'; DROP TABLE x", "2020", None]]


def test_a_large_result_comes_in_chunks_behind_links_that_need_no_token(
    client: WorkspaceClient, warehouse: str
) -> None:
    answer = client.statement_execution.execute_statement(
        "SELECT id, repeat('x', 20) AS text FROM range(0, 250000)",
        warehouse,
        disposition=Disposition.EXTERNAL_LINKS,
        format=Format.ARROW_STREAM,
        wait_timeout="50s",
    )
    assert answer.manifest.total_chunk_count > 1
    index, rows = 0, 0
    while index is not None:
        (link,) = client.statement_execution.get_statement_result_chunk_n(answer.statement_id, index).external_links
        with urllib.request.urlopen(link.external_link) as response, pa.ipc.open_stream(response.read()) as stream:
            rows += stream.read_all().num_rows
        index = link.next_chunk_index
    assert rows == answer.manifest.total_row_count == 250_000


def test_a_limit_cuts_the_result_and_says_so(client: WorkspaceClient, warehouse: str) -> None:
    answer = client.statement_execution.execute_statement(
        "SELECT id FROM range(0, 100000)", warehouse, row_limit=3, wait_timeout="50s"
    )
    assert answer.manifest.truncated
    assert answer.result.data_array == [["0"], ["1"], ["2"]]


def test_an_inline_result_that_is_too_large_fails_with_the_way_out(client: WorkspaceClient, warehouse: str) -> None:
    answer = client.statement_execution.execute_statement(
        "SELECT repeat('x', 1000) AS x FROM range(0, 100000)", warehouse, wait_timeout="50s"
    )
    assert answer.status.state is StatementState.FAILED
    assert "EXTERNAL_LINKS" in answer.status.error.message


def test_a_mistake_is_told_and_not_raised(client: WorkspaceClient, warehouse: str) -> None:
    answer = client.statement_execution.execute_statement("SELECT nosuch FROM dev.x.y", warehouse, wait_timeout="50s")
    assert answer.status.state is StatementState.FAILED
    assert "dev.x.y was not found" in answer.status.error.message


def test_catalog_and_schema_give_short_names_a_meaning(client: WorkspaceClient, warehouse: str) -> None:
    client.schemas.create("rest_names", "dev")
    for text in ("CREATE TABLE t AS SELECT 7 AS x", "CREATE VIEW v AS SELECT x + 1 AS y FROM t"):
        made = client.statement_execution.execute_statement(
            text, warehouse, catalog="dev", schema="rest_names", wait_timeout="50s"
        )
        assert made.status.state is StatementState.SUCCEEDED, made.status.error
    answer = client.statement_execution.execute_statement(
        "SELECT y FROM v", warehouse, catalog="dev", schema="rest_names", wait_timeout="50s"
    )
    assert answer.result.data_array == [["8"]]
    view = client.tables.get("dev.rest_names.v")
    assert view.view_definition == "SELECT x + 1 AS y FROM dev.rest_names.t"
    assert view.view_dependencies.dependencies[0].table.table_full_name == "dev.rest_names.t"


def test_a_statement_can_be_cancelled(client: WorkspaceClient, warehouse: str) -> None:
    started = client.statement_execution.execute_statement(WAITING, warehouse, wait_timeout="0s")
    client.statement_execution.cancel_execution(started.statement_id)
    assert ended(client, started.statement_id).status.state is StatementState.CANCELED


def test_what_takes_too_long_for_its_client_is_cancelled(client: WorkspaceClient, warehouse: str) -> None:
    answer = client.statement_execution.execute_statement(
        WAITING, warehouse, wait_timeout="5s", on_wait_timeout=ExecuteStatementRequestOnWaitTimeout.CANCEL
    )
    assert answer.status.state is StatementState.CANCELED


def test_a_killed_query_process_fails_its_statement_alone(
    client: WorkspaceClient, warehouse: str, boathouse: LocalBoathouse
) -> None:
    started = client.statement_execution.execute_statement(WAITING, warehouse, wait_timeout="0s")
    while client.statement_execution.get_statement(started.statement_id).status.state is not StatementState.RUNNING:
        time.sleep(0.05)
    while not (running := query_processes(boathouse)):
        time.sleep(0.05)
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    found = ended(client, started.statement_id)
    assert found.status.state is StatementState.FAILED
    assert "query process ended" in found.status.error.message
    after = client.statement_execution.execute_statement("SELECT 1 AS x", warehouse, wait_timeout="50s")
    assert after.result.data_array == [["1"]]


def test_a_statement_belongs_to_whoever_sent_it(
    client: WorkspaceClient, warehouse: str, boathouse: LocalBoathouse
) -> None:
    sent = client.statement_execution.execute_statement("SELECT 1 AS x", warehouse, wait_timeout="50s")
    admin = boathouse.client()
    admin.post("/api/2.0/preview/scim/v2/ServicePrincipals", {"applicationId": "stranger", "displayName": "stranger"})
    made = admin.post("/api/2.0/token-management/on-behalf-of/tokens", {"application_id": "stranger"})
    stranger = WorkspaceClient(host=boathouse.url, token=made["token_value"], auth_type="pat")
    for look in (stranger.statement_execution.get_statement, stranger.statement_execution.cancel_execution):
        with pytest.raises(NotFound):
            look(sent.statement_id)
    assert client.statement_execution.get_statement(sent.statement_id).result.data_array == [["1"]]


def test_a_link_that_was_changed_or_is_old_opens_nothing(
    client: WorkspaceClient, warehouse: str, boathouse: LocalBoathouse
) -> None:
    sent = client.statement_execution.execute_statement(
        "SELECT 1 AS x, 'a,b' AS t", warehouse, disposition=Disposition.EXTERNAL_LINKS, format=Format.CSV,
        wait_timeout="50s",
    )  # fmt: skip
    (link,) = sent.result.external_links
    with urllib.request.urlopen(link.external_link) as response:
        assert response.read() == b'x,t\n1,"a,b"\n'
    for changed in (link.external_link[:-1] + "0", link.external_link.replace("expires=", "expires=9")):
        if changed != link.external_link:
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(changed)


def test_functions_live_a_whole_life_with_the_sdk(client: WorkspaceClient, warehouse: str) -> None:
    client.schemas.create("rest_functions", "dev")
    made = client.api_client.do(
        "POST",
        "/api/2.1/unity-catalog/functions",
        body={
            "function_info": {
                "name": "plus",
                "catalog_name": "dev",
                "schema_name": "rest_functions",
                "input_params": {"parameters": [{"name": "a", "type_text": "int", "type_name": "INT", "position": 0}]},
                "data_type": "INT",
                "full_data_type": "INT",
                "routine_body": "EXTERNAL",
                "external_language": "python",
                "routine_definition": "return a + 1",
            }
        },
    )
    assert made["full_name"] == "dev.rest_functions.plus"
    assert [each.name for each in client.functions.list("dev", "rest_functions")] == ["plus"]
    found = client.functions.get("dev.rest_functions.plus")
    assert (found.routine_definition.strip(), found.external_language) == ("return a + 1", "Python")
    answer = client.statement_execution.execute_statement(
        "SELECT dev.rest_functions.plus(41) AS x", warehouse, wait_timeout="50s"
    )
    assert answer.result.data_array == [["42"]]
    client.functions.delete("dev.rest_functions.plus")
    with pytest.raises(NotFound):
        client.functions.get("dev.rest_functions.plus")


@pytest.mark.parametrize(
    "wrong",
    [
        {"wait_timeout": "3s"},
        {"wait_timeout": "soon"},
        {"warehouse_id": "another"},
        {"format": Format.CSV},
        {"row_limit": 0},
        {"parameters": [StatementParameterListItem("a", type="INT", value="x")]},
        {"parameters": [StatementParameterListItem("a", type="POINT", value="x")]},
        {"statement": "   "},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(client: WorkspaceClient, warehouse: str, wrong: dict) -> None:
    request = {"statement": "SELECT 1", "warehouse_id": warehouse, **wrong}
    with pytest.raises(BadRequest):
        client.statement_execution.execute_statement(**request)


def query_processes(boathouse: LocalBoathouse) -> list[int]:
    """The query processes of this Boathouse, as the operating system knows them."""
    import psutil

    server = boathouse.pids["control-plane"]
    return [
        child.pid for child in psutil.Process(server).children() if "boathouse.wiring.query_process" in child.cmdline()
    ]
