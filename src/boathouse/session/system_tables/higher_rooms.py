# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Tables of rooms above this one: their columns stand here, so that every session knows them; their rows come from
whoever the wiring names, each principal its own."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa

from boathouse.foundation.principals import Principal
from boathouse.session.system_tables.types import TEXT, TIME

RowsOf = Callable[[Principal], Iterable[Mapping[str, Any]]]
"""The rows that a principal may see."""
Providers = Mapping[tuple[str, str], RowsOf]
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
        ("endpoint_id", TEXT),
        ("endpoint_name", TEXT),
        ("served_entity_name", TEXT),
        ("entity_type", TEXT),
        ("entity_name", TEXT),
        ("entity_version", TEXT),
        ("endpoint_config_version", _LONG),
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

HIGHER: dict[tuple[str, str], pa.Schema] = {
    ("models", "evidence"): EVIDENCE,
    ("models", "alias_history"): ALIAS_HISTORY,
    ("serving", "served_entities"): SERVED_ENTITIES,
    ("monitoring", "retraining_decisions"): RETRAINING_DECISIONS,
}
