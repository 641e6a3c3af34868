# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Requests in inference tables: one by its id, or a sample of the latest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.serving.capture.finding import InferenceTable, required
from boathouse.serving.capture.layout import TableKind
from boathouse.serving.replay.nouns import Captured
from boathouse.session import Session

_COLUMNS = (
    "databricks_request_id",
    "endpoint_name",
    "request_time",
    "status_code",
    "content_type",
    "request",
    "response",
    "features",
    "model_name",
    "model_version",
    "model_files",
    "environment",
    "route",
    "fallback_rung",
    "masked_columns",
    "logging_error_codes",
    "fallback_details",
    "row_count",
)


def find(session: Session, request_id: str, endpoint: str | None = None) -> Captured:
    """A request by its id.

    Raises:
        NotFound: It is in no table that the session's principal may read.
    """
    tables = required(session, endpoint, TableKind.PAYLOAD)
    for name in dict.fromkeys(table.table for table in tables):
        found = _rows(session, name, "databricks_request_id = :id", "LIMIT 1", {"id": request_id})
        if found:
            return captured_of(found[0])
    where = f"endpoint {endpoint}" if endpoint else "the endpoints that you may know of"
    raise NotFound(
        f"Request {request_id} is not in the inference tables of {where}.",
        hint="It was left out by a declared share, was given up, or answered some seconds ago: try again.",
    )


def sample(session: Session, table: InferenceTable, since: datetime, count: int) -> list[Captured]:
    """Some of the answered requests since an instant, chosen by chance."""
    if count < 1:
        raise InvalidInput(f"A sample of {count} requests shows nothing.", hint="Give a positive number.")
    condition = "request_time >= :since AND request_date >= to_date(:since) AND status_code = 200"
    rows = _rows(session, table.table, condition, f"ORDER BY rand() LIMIT {int(count)}", {"since": since})
    return [captured_of(row) for row in rows]


def captured_of(row: dict[str, Any]) -> Captured:
    return Captured(
        request_id=row["databricks_request_id"],
        endpoint=row["endpoint_name"] or "",
        request_time=row["request_time"],
        status=row["status_code"] or 0,
        content_type=row["content_type"] or "",
        request=row["request"],
        response=row["response"],
        features=row["features"],
        model=row["model_name"],
        version=row["model_version"],
        model_files=row["model_files"],
        environment=row["environment"],
        route=row["route"] or "",
        rung=row["fallback_rung"],
        masked=tuple(row["masked_columns"] or ()),
        error_codes=tuple(row["logging_error_codes"] or ()),
        rung_details=row["fallback_details"],
        rows=row["row_count"],
    )


def _rows(
    session: Session, table: str, condition: str, rest: str, parameters: dict[str, Any]
) -> Sequence[dict[str, Any]]:  # fmt: skip
    """Rows with our columns; one that somebody has taken away is null."""
    name = TableName.parse(table)
    there = {column.name for column in session.law.table(session.principal, name).columns}
    shown = ", ".join(column if column in there else f"NULL AS {column}" for column in _COLUMNS)
    text = f"SELECT {shown} FROM {name.quoted()} WHERE {condition} {rest}"
    return session.sql(text, parameters).arrow().to_pylist()
