# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""What inference tables look like: one row per request, and beside it one row per prediction with typed columns."""

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


class TableKind(StrEnum):
    """The tables of an endpoint, by what stands behind the prefix in their names."""

    PAYLOAD = "payload"
    """Requests, in the columns that Databricks documents for inference tables, and some of our own."""
    PREDICTIONS = "predictions"
    """Rows of answered requests: ``in_*``, ``feature_*``, ``feature_time_*`` and ``out_*``."""


PARTITION = "request_date"
IN, OUT, FEATURE, FEATURE_TIME = "in_", "out_", "feature_", "feature_time_"
PREDICTION = "prediction"
"""What an answer without names is called."""

REQUEST_TOO_LONG = "MAX_REQUEST_SIZE_EXCEEDED"
RESPONSE_TOO_LONG = "MAX_RESPONSE_SIZE_EXCEEDED"
NOT_MASKABLE = "NOT_MASKABLE"
"""The text is not kept: columns shall be masked, and it cannot be told where in it they stand."""
NOT_READABLE = "NOT_READABLE"
"""Request or answer could not be taken apart into typed columns."""

_BAD = str.maketrans(dict.fromkeys(" ,;{}()\n\t=", "_"))


def column_name(prefix: str, name: str) -> str:
    """The column for a value of that name."""
    return prefix + name.translate(_BAD)


@cache
def schema_of(kind: TableKind) -> "pa.Schema":
    """The columns that a table is made with; of predictions those that are no values."""
    return _payload() if kind is TableKind.PAYLOAD else _predictions()


def _payload() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [
            (PARTITION, pa.date32()),
            ("databricks_request_id", pa.string()),
            ("client_request_id", pa.string()),
            ("request_time", pa.timestamp("us", "UTC")),
            ("status_code", pa.int32()),
            ("sampling_fraction", pa.float64()),
            ("execution_duration_ms", pa.int64()),
            ("request", pa.string()),
            ("response", pa.string()),
            ("served_entity_id", pa.string()),
            ("logging_error_codes", pa.list_(pa.string())),
            ("requester", pa.string()),
            ("execution_duration_us", pa.int64()),
            ("endpoint_name", pa.string()),
            ("endpoint_config_version", pa.int32()),
            ("model_name", pa.string()),
            ("model_version", pa.int64()),
            ("model_files", pa.string()),
            ("environment", pa.string()),
            ("route", pa.string()),
            ("fallback_rung", pa.string()),
            ("fallback_reason", pa.string()),
            ("fallback_details", pa.string()),
            ("content_type", pa.string()),
            ("row_count", pa.int64()),
            ("features", pa.string()),
            ("masked_columns", pa.list_(pa.string())),
            ("device", pa.string()),
            ("arrived_at", pa.timestamp("us", "UTC")),
        ]
    )


def _predictions() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [
            (PARTITION, pa.date32()),
            ("databricks_request_id", pa.string()),
            ("row_number", pa.int64()),
            ("client_request_id", pa.string()),
            ("request_time", pa.timestamp("us", "UTC")),
            ("sampling_fraction", pa.float64()),
            ("requester", pa.string()),
            ("endpoint_name", pa.string()),
            ("served_entity_id", pa.string()),
            ("model_name", pa.string()),
            ("model_version", pa.int64()),
            ("route", pa.string()),
            ("fallback_rung", pa.string()),
            ("device", pa.string()),
            ("arrived_at", pa.timestamp("us", "UTC")),
        ]
    )
