# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""``system.access.audit``: who did what."""

from typing import Any

import pyarrow as pa

from boathouse.catalog import AuditEvent
from boathouse.foundation.clock import from_epoch_ms
from boathouse.session.system_tables.types import TEXT, TIME

AUDIT = pa.schema(
    [
        ("account_id", TEXT),
        ("workspace_id", TEXT),
        ("version", TEXT),
        ("event_time", TIME),
        ("event_date", pa.date32()),
        ("source_ip_address", TEXT),
        ("user_agent", TEXT),
        ("session_id", TEXT),
        ("user_identity", pa.struct([("email", TEXT), ("subjectName", TEXT)])),
        ("service_name", TEXT),
        ("action_name", TEXT),
        ("request_id", TEXT),
        ("request_params", pa.map_(TEXT, TEXT)),
        ("response", pa.struct([("statusCode", pa.int32()), ("errorMessage", TEXT), ("result", TEXT)])),
        ("audit_level", TEXT),
        ("event_id", TEXT),
        ("identity_metadata", pa.struct([("run_by", TEXT), ("run_as", TEXT)])),
        ("as_of", TEXT),
    ]
)


def audit_row(event: AuditEvent) -> dict[str, Any]:
    """An event as Databricks' table has it."""
    when = from_epoch_ms(event.event_time)
    params = dict(event.request_params)
    if event.securable_name:
        params.setdefault("securable_type", str(event.securable_kind))
        params.setdefault("full_name_arg", event.securable_name)
    return {
        "account_id": None,
        "workspace_id": "0",
        "version": "2.0",
        "event_time": when,
        "event_date": when.date(),
        "source_ip_address": event.source_ip or None,
        "user_agent": event.user_agent or None,
        "session_id": None,
        "user_identity": {"email": event.principal, "subjectName": event.principal},
        "service_name": event.service,
        "action_name": event.action,
        "request_id": event.request_id or None,
        "request_params": list(params.items()),
        "response": {"statusCode": event.status_code, "errorMessage": event.error_message, "result": None},
        "audit_level": "ACCOUNT_LEVEL",
        "event_id": event.event_id,
        "identity_metadata": {"run_by": event.principal, "run_as": event.principal},
        "as_of": event.as_of,
    }
