# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Requests with the features that they were answered with, out of an inference table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from boathouse.foundation.names import TableName
from boathouse.serving.capture.bodies import READING_ERRORS, TOGETHER, features_of, inputs_of
from boathouse.serving.capture.masking import PREFIX
from boathouse.serving.skew.nouns import AskedRow, Subject
from boathouse.session import Session

_COLUMNS = (
    "databricks_request_id, request_time, endpoint_name, served_entity_id, model_name, model_version, content_type, "
    "request, features, logging_error_codes"
)


@dataclass(slots=True)
class Asked:
    """The rows of one entity."""

    rows: list[AskedRow] = field(default_factory=list[AskedRow])
    left_out: int = 0


def asked(
    session: Session, table: str, since: datetime, until: datetime, most_requests: int
) -> Mapping[Subject, Asked]:  # fmt: skip
    """Answered requests of a window by who answered, at most so many, chosen by chance."""
    text = (
        f"SELECT {_COLUMNS} FROM {TableName.parse(table).quoted()} WHERE request_time >= :since "
        "AND request_time < :until AND request_date >= to_date(:since) AND status_code = 200 "
        "AND features IS NOT NULL AND fallback_rung IS NULL AND model_name IS NOT NULL "
        f"ORDER BY rand() LIMIT {int(most_requests)}"
    )
    return of_requests(session.sql(text, {"since": since, "until": until}).arrow().to_pylist())


def of_requests(requests: Iterable[Mapping[str, Any]]) -> Mapping[Subject, Asked]:
    """Rows of an inference table, taken apart."""
    found: dict[Subject, Asked] = {}
    for each in requests:
        subject = Subject(
            each["endpoint_name"] or "", each["served_entity_id"], each["model_name"], int(each["model_version"] or 0)
        )
        of = found.setdefault(subject, Asked())
        rows = _rows(each)
        if rows is None:
            of.left_out += 1
        else:
            of.rows += rows
    return found


def _rows(request: Mapping[str, Any]) -> list[AskedRow] | None:
    """The rows of one request; None when keys or values are not there as they were."""
    text, features = request["request"], request["features"]
    if text is None or PREFIX in text or PREFIX in features:
        return None
    content_type = request["content_type"] or "application/json"
    if not content_type.startswith(("application/json", "text/")):
        return None
    try:
        read = features_of(features)
        count, inputs = inputs_of(text.encode(), content_type)
    except READING_ERRORS:
        return None
    if count != len(read):
        return None
    return [
        AskedRow(
            request["databricks_request_id"],
            row,
            request["request_time"],
            _given(inputs, row),
            values,
            events,
        )
        for row, (values, events) in enumerate(read)
    ]


def _given(inputs: Mapping[str, Sequence[Any]], row: int) -> Mapping[str, Any]:
    """What the caller has sent in a row, also where rows were not laid out in columns."""
    together = inputs[TOGETHER][row] if list(inputs) == [TOGETHER] else None
    if isinstance(together, dict):
        return cast("dict[str, Any]", together)
    return {name: column[row] for name, column in inputs.items()}
