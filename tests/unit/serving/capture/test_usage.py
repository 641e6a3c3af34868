"""``system.serving.endpoint_usage``: what was asked of all endpoints, to those who may read where it is kept."""

from typing import Any

import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.principals import SYSTEM
from boathouse.serving.capture.usage import EndpointUsage
from boathouse.session import LocalLaw, Session
from boathouse.session.system_tables.higher_rooms import ENDPOINT_USAGE, Queried

from .conftest import PAYLOAD, Capture
from .exchanges import exchange

USAGE = "system.serving.endpoint_usage"


def session_of(capture: Capture, name: str = "root") -> Session:
    tables = {("serving", "endpoint_usage"): Queried(EndpointUsage(capture.catalog).query)}
    law = LocalLaw(capture.catalog, system_tables=tables)
    return Session(capture.catalog.identities.principal(name), law, capture.engine)


def usage(capture: Capture, name: str = "root") -> list[dict[str, Any]]:
    return session_of(capture, name).sql(f"SELECT * FROM {USAGE} ORDER BY request_time").rows()


def test_there_is_a_row_for_each_request_and_none_for_a_shadow(capture: Capture) -> None:
    capture.captured(
        exchange(1, client_request_id="theirs"), exchange(2, status=500), exchange(2, role="shadow", rung="constant")
    )
    found = usage(capture)
    assert [(row["databricks_request_id"], row["status_code"]) for row in found] == [
        ("request-1", 200), ("request-2", 500),
    ]  # fmt: skip
    first = found[0]
    assert (first["client_request_id"], first["requester"], first["served_entity_id"]) == ("theirs", "ann", "e1")
    assert first["input_character_count"] == len(exchange().request)
    assert (first["endpoint_name"], first["input_token_count"], first["usage_context"]) == ("delays", None, None)
    assert (first["workspace_id"], first["request_streaming"], first["sampling_fraction"]) == ("0", False, 1.0)


@pytest.mark.parametrize(("answer", "tokens"), [
    (b'{"predictions": [0.25]}', (None, None)),
    (b'{"predictions": {"usage": {"prompt_tokens": 12, "completion_tokens": 30, "total_tokens": 42}}}', (12, 30)),
    (b'{"predictions": [{"usage": {"output_tokens": 0, "input_tokens": 3}}, {"usage": {"input_tokens": 4}}]}', (7, 0)),
    (b'{"usage": {"details": {"prompt_tokens": 99}, "prompt_tokens": 5}, "predictions": "x"}', (5, None)),
    (b'{"predictions": [{"prompt_tokens": 8, "input_tokens": 9}]}', (None, None)),
    (b'{"predictions": "\\"usage\\": {\\"prompt_tokens\\": 8}"}', (None, None)),
    (b'{"predictions": [{"usage": {"prompt_tokens": null, "completion_tokens": "7"}}]}', (None, None)),
])  # fmt: skip
def test_tokens_are_counted_where_an_answer_tells_of_them(
    capture: Capture, answer: bytes, tokens: tuple[int | None, int | None]
) -> None:
    capture.captured(exchange(1, response=answer))
    (row,) = usage(capture)
    assert (row["input_token_count"], row["output_token_count"]) == tokens


def test_it_has_its_columns_also_while_nothing_was_asked(capture: Capture) -> None:
    found = session_of(capture).sql(f"SELECT * FROM {USAGE}").arrow()
    assert found.num_rows == 0
    assert found.schema.names == ENDPOINT_USAGE.names
    assert [field.type for field in found.schema] == [field.type for field in ENDPOINT_USAGE]


def test_one_sees_the_requests_of_the_tables_that_one_may_read(capture: Capture) -> None:
    capture.captured(exchange(1))
    capture.catalog.identities.create_user(SYSTEM, "bob")
    assert usage(capture, "bob") == []
    capture.catalog.grants.grant(SYSTEM, "bob", [Privilege.USE_CATALOG], SecurableKind.CATALOG, "main")
    may = [Privilege.USE_SCHEMA, Privilege.SELECT]
    capture.catalog.grants.grant(SYSTEM, "bob", may, SecurableKind.SCHEMA, "main.flights")
    assert len(usage(capture, "bob")) == 1


def test_a_table_that_was_renamed_or_that_others_have_made_is_read_as_far_as_it_goes(capture: Capture) -> None:
    capture.session.sql(
        f"CREATE TABLE {PAYLOAD} (databricks_request_id STRING, Status_Code STRING, request STRING, response STRING, "
        "request_date DATE) PARTITIONED BY (request_date)"
    )
    capture.captured(exchange(1))
    capture.session.sql(f"INSERT INTO {PAYLOAD} (databricks_request_id, Status_Code) VALUES ('theirs', 'who knows')")
    capture.session.sql(f"ALTER TABLE {PAYLOAD} RENAME TO main.flights.renamed")
    found = {row["databricks_request_id"]: row["status_code"] for row in usage(capture)}
    assert found == {"request-1": 200, "theirs": None}


def test_views_and_joins_read_it_as_any_table(capture: Capture) -> None:
    capture.captured(*(exchange(number) for number in range(5)))
    session = session_of(capture)
    session.sql("CREATE VIEW main.flights.asked AS SELECT requester, count(*) AS n FROM system.serving.endpoint_usage "
                "GROUP BY requester")  # fmt: skip
    assert session.sql("SELECT * FROM main.flights.asked").rows() == [{"requester": "ann", "n": 5}]
    twice = f"{USAGE} AS a JOIN {USAGE} AS b USING (databricks_request_id)"
    both = f"SELECT count(*) AS n FROM {twice} JOIN {PAYLOAD} USING (databricks_request_id)"
    assert session.sql(both).rows() == [{"n": 5}]
    with pytest.raises(InvalidInput):
        session.sql(f"SELECT * FROM {USAGE} VERSION AS OF 1")
