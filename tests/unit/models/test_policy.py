"""The rules' building blocks, without a server."""

import pytest

from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.principals import Principal
from boathouse.models.artifact_addresses import artifact_path
from boathouse.models.policy.call import Call, camel, part, read_body, version_number
from boathouse.models.policy.desk import checked_parts
from boathouse.models.policy.table import ALL_ROUTES, RouteTable, canonical_path
from boathouse.models.runs import refuse_reserved, with_server_tags


def test_a_fixed_path_comes_before_one_with_placeholders() -> None:
    table = RouteTable()

    fixed = table.find("GET", "/api/3.0/mlflow/datasets/search")
    free = table.find("GET", "/api/3.0/mlflow/datasets/d-1")

    assert fixed is not None and fixed.params == {}
    assert free is not None and free.params == {"dataset_id": "d-1"}


def test_the_ui_and_the_clients_fall_under_one_rule() -> None:
    table = RouteTable()

    assert table.find("POST", "/ajax-api/2.0/mlflow/runs/create") == table.find("POST", "/api/2.0/mlflow/runs/create")
    assert canonical_path("/ajax-api/2.0/x") == "/api/2.0/x"


def test_no_two_rules_are_about_one_route() -> None:
    keys = [(route.method, route.template) for route in ALL_ROUTES]

    assert len(keys) == len(set(keys))


def test_every_rule_that_writes_is_audited() -> None:
    reads_by_post = ("search", "get-latest-versions", "batchGetInfos", "metrics", "correlation", "graphql", "telemetry")
    silent = [
        route.template
        for route in ALL_ROUTES
        if route.method != "GET" and route.action is None and not any(word in route.template for word in reads_by_post)
    ]

    assert [template for template in silent if "/assistant/" not in template] == []


def test_a_field_is_read_where_mlflow_reads_it() -> None:
    post = Call("POST", "/x", query={"run_id": ["a"]}, body={"runId": "b"})
    get = Call("GET", "/x", query={"run_id": ["a", "b"]}, body={"run_id": "c"}, reads_query=True)

    assert post.values("run_id") == ["b"]
    assert get.values("run_id") == ["a", "b"]


@pytest.mark.parametrize("value", [1.0, {"a": 1}, True, [[1]]])
def test_a_field_that_is_neither_text_nor_number_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        Call("POST", "/x", body={"experiment_id": value}).values("experiment_id")


def test_a_field_in_two_spellings_is_refused_where_one_is_meant() -> None:
    with pytest.raises(InvalidInput):
        Call("POST", "/x", body={"run_id": "a", "runId": "b"}).value("run_id")
    with pytest.raises(InvalidInput):
        part({"trace_info": {}, "traceInfo": {}}, "trace_info")
    assert camel("mlflow_experiment_id") == "mlflowExperimentId"


@pytest.mark.parametrize(
    "raw", [b"[]", b'"{}"', b"{", b"7", b"[" * 100_000, b'{"a": "\\ud800"}', b'{"a": [{"\\uDFFF": 1}]}', b"\xff"]
)
def test_a_body_that_is_no_object_of_text_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_body(raw)


def test_whole_characters_and_escaped_backslashes_are_text() -> None:
    assert read_body(b'{"a": "\\ud83d\\udef6", "b": "\\\\ud800"}') == {"a": "🛶", "b": "\\ud800"}


@pytest.mark.parametrize("text", ["0", "7", "01", str(2**31 - 1)])
def test_a_version_is_a_number_that_there_can_be(text: str) -> None:
    assert version_number(text) == int(text)


@pytest.mark.parametrize(
    ("text", "error"),
    [("", InvalidInput), ("-1", InvalidInput), ("1.0", InvalidInput), ("١", InvalidInput), ("v1", InvalidInput),
     (str(2**31), NotFound), ("9" * 5000, NotFound)],
)  # fmt: skip
def test_any_other_is_refused_or_not_there(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        version_number(text)


@pytest.mark.parametrize(
    "path", ["1/../2", "1/%2e%2e/2", "1/..%252f2", "/1/a", "1//a", "1\\..\\2", "%31/a", "1/a\0b", ".."]
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput):
        checked_parts(path)


@pytest.mark.parametrize(
    "path", ["1/run/artifacts/a b.txt", "1/run/artifacts/100%.png", "1/models/m-1/artifacts/", "1"]
)
def test_a_plain_path_is_fine(path: str) -> None:
    assert checked_parts(path)[0] == "1"


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("mlflow-artifacts:/1/a", "1/a"),
        ("mlflow-artifacts://host:80/1/a", "1/a"),
        ("s3://bucket/1/a", None),
        (None, None),
    ],
)
def test_an_artifact_uri_names_a_path(uri: str | None, path: str | None) -> None:
    assert artifact_path(uri) == path


def test_the_servers_tags_replace_the_clients() -> None:
    given = [{"key": "mlflow.user", "value": "root"}, {"key": "note", "value": "mine"}]

    assert with_server_tags(given, {"mlflow.user": "ada"}) == [
        {"key": "note", "value": "mine"},
        {"key": "mlflow.user", "value": "ada"},
    ]
    with pytest.raises(Denied, match=r"boathouse\.job_id"):
        refuse_reserved(["note", "boathouse.job_id"])


def test_an_administrators_name_stays_in_what_the_server_does_for_others() -> None:
    from boathouse.models.authority import with_authority

    acting = with_authority(Principal("bo"))

    assert acting.is_admin
    assert acting.name == "bo"
