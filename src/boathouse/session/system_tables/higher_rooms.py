# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Tables of rooms above this one: their columns stand here, so that every session knows them; their rows come from
whoever the wiring names, each principal its own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from boathouse.catalog import Table
from boathouse.foundation.principals import Principal
from boathouse.session.system_tables.types import TEXT, TIME

RowsOf = Callable[[Principal], Iterable[Mapping[str, Any]]]
"""The rows that a principal may see."""


@dataclass(frozen=True, slots=True)
class SystemQuery:
    """The rows that a principal may see, as a query over tables."""

    text: str
    """Databricks SQL with full names; its columns are those of the system table, in their order."""
    tables: tuple[Table, ...]
    """What it names: the principal may read each of them."""


@dataclass(frozen=True, slots=True)
class Queried:
    """A system table that is computed where it is read, as a view is, for there may be many rows."""

    query: Callable[[Principal], SystemQuery]


Providers = Mapping[tuple[str, str], RowsOf | Queried]
"""By schema and table."""

_LONG, _REAL = pa.int64(), pa.float64()

EVIDENCE = pa.schema(
    [
        ("evidence_id", _LONG),
        ("model_name", TEXT),
        ("model_version", _LONG),
        ("gate", TEXT),
        ("metric", TEXT),
        ("slice_key", TEXT),
        ("slice_value", TEXT),
        ("rows", _LONG),
        ("value", _REAL),
        ("lower", _REAL),
        ("upper", _REAL),
        ("threshold", _REAL),
        ("verdict", TEXT),
        ("reason", TEXT),
        ("blocks", pa.bool_()),
        ("baseline", TEXT),
        ("champion_version", _LONG),
        ("data_table", TEXT),
        ("data_version", _LONG),
        ("evaluation_id", TEXT),
        ("evaluation_kind", TEXT),
        ("run_id", _LONG),
        ("code_hash", TEXT),
        ("requirements_revision", _LONG),
        ("rule", TEXT),
        ("details", TEXT),
        ("principal", TEXT),
        ("recorded_at", TIME),
        ("retired_at", TIME),
    ]
)
ALIAS_HISTORY = pa.schema(
    [
        ("model_name", TEXT),
        ("alias", TEXT),
        ("from_version", _LONG),
        ("to_version", _LONG),
        ("principal", TEXT),
        ("moved_at", TIME),
        ("reason", TEXT),
        ("through", TEXT),
        ("request_id", TEXT),
        ("decision_id", TEXT),
        ("decision_kind", TEXT),
        ("decision", TEXT),
    ]
)
SERVED_ENTITIES = pa.schema(
    [
        ("served_entity_id", TEXT),
        ("account_id", TEXT),
        ("workspace_id", TEXT),
        ("endpoint_id", TEXT),
        ("endpoint_name", TEXT),
        ("served_entity_name", TEXT),
        ("entity_type", TEXT),
        ("entity_name", TEXT),
        ("entity_version", TEXT),
        ("endpoint_config_version", _LONG),
        ("task", TEXT),
        ("created_by", TEXT),
        ("change_time", TIME),
        ("endpoint_delete_time", TIME),
    ]
)
RETRAINING_DECISIONS = pa.schema(
    [
        ("decision_id", _LONG),
        ("model_name", TEXT),
        ("policy_revision", _LONG),
        ("trigger", TEXT),
        ("trigger_kind", TEXT),
        ("why", TEXT),
        ("figures", TEXT),
        ("decision", TEXT),
        ("brake", TEXT),
        ("reason", TEXT),
        ("brakes", TEXT),
        ("state", TEXT),
        ("outcome", TEXT),
        ("benefit_metric", TEXT),
        ("benefit", _REAL),
        ("benefit_lower", _REAL),
        ("benefit_upper", _REAL),
        ("benefit_rows", _LONG),
        ("trial_run_id", _LONG),
        ("check_run_id", _LONG),
        ("job_id", _LONG),
        ("run_id", _LONG),
        ("model_version", _LONG),
        ("as_of", TEXT),
        ("principal", TEXT),
        ("repeats", _LONG),
        ("instant", TIME),
        ("decided_at", TIME),
        ("updated_at", TIME),
    ]
)
ENDPOINT_USAGE = pa.schema(
    [
        ("account_id", TEXT),
        ("workspace_id", TEXT),
        ("client_request_id", TEXT),
        ("databricks_request_id", TEXT),
        ("requester", TEXT),
        ("status_code", pa.int32()),
        ("request_time", TIME),
        ("input_token_count", _LONG),
        ("output_token_count", _LONG),
        ("input_character_count", _LONG),
        ("output_character_count", _LONG),
        ("usage_context", pa.map_(TEXT, TEXT)),
        ("request_streaming", pa.bool_()),
        ("served_entity_id", TEXT),
        ("endpoint_name", TEXT),
        ("sampling_fraction", _REAL),
        ("execution_duration_ms", _LONG),
        ("row_count", _LONG),
        ("fallback_rung", TEXT),
    ]
)
_WINDOW = [("window_start", TIME), ("window_end", TIME)]
ENDPOINT_METRICS = pa.schema(
    [
        *_WINDOW,
        ("endpoint_id", TEXT),
        ("endpoint_name", TEXT),
        ("entity_id", TEXT),
        ("role", TEXT),
        ("requests", _LONG),
        ("errors", _LONG),
        ("refused", _LONG),
        ("fallen", _LONG),
        ("rows", _LONG),
        ("latency_mean_ms", _REAL),
        ("latency_p50_ms", _REAL),
        ("latency_p95_ms", _REAL),
        ("latency_p99_ms", _REAL),
    ]
)
JOB_METRICS = pa.schema(
    [
        *_WINDOW,
        ("job_id", _LONG),
        ("job_name", TEXT),
        ("queued", _LONG),
        ("under_way", _LONG),
        ("succeeded", _LONG),
        ("failed", _LONG),
        ("otherwise", _LONG),
        ("waited_ms", _LONG),
        ("took_ms", _LONG),
        ("longest_ms", _LONG),
        ("cpu_seconds", _REAL),
        ("peak_memory_bytes", _LONG),
    ]
)
COMPONENT_METRICS = pa.schema(
    [
        *_WINDOW,
        ("component", TEXT),
        ("kind", TEXT),
        ("is_healthy", pa.bool_()),
        ("message", TEXT),
        ("answer_ms", _REAL),
        ("cpu_seconds", _REAL),
        ("memory_bytes", _LONG),
        ("waiting", _LONG),
    ]
)

ALERT_FIRINGS = pa.schema(
    [
        *((name, TEXT) for name in ("firing_id", "alert", "subject", "metric", "column_name", "slice_key",
                                    "slice_value", "model_id", "granularity", "severity", "owner")),
        ("rule_revision", _LONG),
        ("window_start", TIME),
        ("window_end", TIME),
        ("value", _REAL),
        ("threshold", _REAL),
        ("why", TEXT),
        ("fired_at", TIME),
        ("resolved_at", TIME),
        ("resolved_by", TEXT),
        ("resolution", TEXT),
        ("told_at", TIME),
        ("incident", _LONG),
    ]
)  # fmt: skip
INCIDENTS = pa.schema(
    [
        ("incident", _LONG),
        *((name, TEXT) for name in ("title", "subject", "severity", "owner", "alert")),
        ("opened_at", TIME),
        ("opened_by", TEXT),
        ("closed_at", TIME),
        ("closed_by", TEXT),
        ("resolution", TEXT),
        ("playbook", TEXT),
        ("playbook_run_id", _LONG),
    ]
)
HIGHER: dict[tuple[str, str], pa.Schema] = {
    ("models", "evidence"): EVIDENCE,
    ("models", "alias_history"): ALIAS_HISTORY,
    ("serving", "served_entities"): SERVED_ENTITIES,
    ("serving", "endpoint_usage"): ENDPOINT_USAGE,
    ("monitoring", "alert_firings"): ALERT_FIRINGS,
    ("monitoring", "incidents"): INCIDENTS,
    ("monitoring", "retraining_decisions"): RETRAINING_DECISIONS,
    ("monitoring", "endpoint_metrics"): ENDPOINT_METRICS,
    ("monitoring", "job_metrics"): JOB_METRICS,
    ("monitoring", "component_metrics"): COMPONENT_METRICS,
}
