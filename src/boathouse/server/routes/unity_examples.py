"""What the answers of the catalog's doors look like, for the OpenAPI page."""

from typing import Any

JSON = dict[str, Any]


def example(answer: JSON, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that answers like this."""
    return {status: {"description": "Done.", "content": {"application/json": {"example": answer}}}}


_STAMPS: JSON = {
    "owner": "alice",
    "properties": {},
    "created_at": 1372636800000,
    "created_by": "alice",
    "updated_at": 1372636800000,
    "updated_by": "alice",
    "metastore_id": "885e9e15-30ce-4652-8c19-7e4a1f85fa88",
}
CATALOG: JSON = {"name": "prod", "full_name": "prod", **_STAMPS, "securable_type": "CATALOG", "comment": "Production."}
SCHEMA: JSON = {"name": "flights", "full_name": "prod.flights", "catalog_name": "prod", **_STAMPS}
COLUMN: JSON = {
    "name": "temp",
    "type_text": "double",
    "type_name": "DOUBLE",
    "type_json": '{"name":"temp","type":"double","nullable":true,"metadata":{}}',
    "position": 0,
    "nullable": True,
}
_PLACE: JSON = {"catalog_name": "prod", "schema_name": "flights"}
TABLE: JSON = {
    "name": "weather",
    "full_name": "prod.flights.weather",
    **_PLACE,
    **_STAMPS,
    "table_id": "5f3e2afc-b8ff-4a06-92c8-ee12cfdaf508",
    "table_type": "MANAGED",
    "data_source_format": "DELTA",
    "storage_location": "file:///srv/.boathouse/lake/tables/5f3e2afc-b8ff-4a06-92c8-ee12cfdaf508",
    "columns": [COLUMN],
}
STAGED: JSON = {
    "id": TABLE["table_id"],
    "name": "weather",
    **_PLACE,
    "staging_location": TABLE["storage_location"],
}
SUMMARY: JSON = {"full_name": "prod.flights.weather", "table_type": "MANAGED"}
VOLUME: JSON = {
    "name": "raw",
    "full_name": "prod.flights.raw",
    **_PLACE,
    **_STAMPS,
    "volume_id": "e06d6449-5692-42fa-882b-ab7c2988996c",
    "volume_type": "MANAGED",
    "storage_location": "file:///srv/.boathouse/lake/volumes/e06d6449-5692-42fa-882b-ab7c2988996c",
}
ASSIGNMENTS: JSON = {"privilege_assignments": [{"principal": "Data Team", "privileges": ["SELECT", "USE_SCHEMA"]}]}
EFFECTIVE: JSON = {
    "privilege_assignments": [
        {
            "principal": "Data Team",
            "privileges": [
                {"privilege": "SELECT", "inherited_from_type": "CATALOG", "inherited_from_name": "prod"},
            ],
        }
    ]
}
TAG: JSON = {"entity_type": "tables", "entity_name": "prod.flights.weather", "tag_key": "pii", "tag_value": "no"}
METASTORE: JSON = {"metastore_id": _STAMPS["metastore_id"], "name": "metastore", "owner": "admins", "cloud": "local"}
ASSIGNMENT: JSON = {"metastore_id": _STAMPS["metastore_id"], "workspace_id": 1, "default_catalog_name": "dev"}
PRINCIPAL_OF_SCIM: JSON = {"id": "4", "displayName": "Data Team", "active": True, "groups": [], "members": []}
SCIM_LIST: JSON = {"totalResults": 1, "startIndex": 1, "itemsPerPage": 1, "Resources": [PRINCIPAL_OF_SCIM]}
TOKEN: JSON = {
    "token_id": "0405f8f3-9190-46bc-abd5-b2912612717d",
    "creation_time": 1372636800000,
    "expiry_time": 1375228800000,
    "comment": "laptop",
}
NEW_TOKEN: JSON = {"token_value": "bhs_...", "token_info": TOKEN}
PRINCIPAL: JSON = {"id": 2, "name": "alice", "kind": "user", "display_name": "Alice", "active": True}
EVENT: JSON = {
    "event_time": 1372636800000,
    "principal": "alice",
    "service": "catalog",
    "action": "createTable",
    "securable_kind": "table",
    "securable_name": "prod.flights.weather",
    "status_code": 200,
}
EDGE: JSON = {
    "event_time": 1372636800000,
    "principal": "alice",
    "operation": "WRITE",
    "source": {"kind": "table", "name": "prod.flights.weather", "version": 12},
    "target": {"kind": "table", "name": "prod.flights.features", "version": 3},
    "entity": {"job_name": "features", "run_id": 70, "task_key": "build", "git_commit": "9fceb02"},
}

PLACE: JSON = {"kind": "table", "name": "prod.flights.features", "version": None, "column": "delay"}

STEP: JSON = {
    "source": {"kind": "table", "name": "prod.flights.weather", "version": None, "column": "temp"},
    "target": PLACE,
    "influence": "direct",
    "in_memory": False,
    "times": 12,
    "latest": {
        "event_time": 1372636800000,
        "principal": "alice",
        "operation": "WRITE",
        "source_version": 12,
        "target_version": 3,
        "statement_id": "5b6f…",
        "entity": {"job_name": "features", "run_id": 70, "task_key": "build", "git_commit": "9fceb02"},
    },
}

_THING: JSON = {
    "id": "0f1c…",
    "kind": "table",
    "full_name": "prod.flights.features",
    "owner": "data-team",
    "comment": "One row per flight.",
    "title": None,
    "properties": {},
    "tags": {"domain": "flights"},
    "created_at": 1372636800000,
    "created_by": "alice",
    "updated_at": 1372636800000,
    "updated_by": "alice",
}

_USE: JSON = {"reads": 120, "readers": 4, "jobs": 2, "runs": 60}

HIT: JSON = {**_THING, "columns": ["dep_delay"], "score": 135, "use": _USE}

DESCRIPTION: JSON = {
    **_THING,
    "detail": {"table_type": "MANAGED", "data_source_format": "DELTA", "columns": []},
    "state": {"version": 3, "size_bytes": 812000, "files": 2, "rows": 336776, "written_at": 1372636800000},
    "inside": {},
    "grants": [{"grantee": "analysts", "privilege": "SELECT", "kind": "schema", "on": "prod.flights"}],
    "upstream": {"start": PLACE, "way": "up", "steps": [STEP], "hidden": 0, "is_cut": False},
    "downstream": {"start": PLACE, "way": "down", "steps": [], "hidden": 0, "is_cut": False},
    "used_by": {"use": _USE, "jobs": [{"job_id": 7, "name": "score"}], "models": ["prod.flights.delay@3"]},
    "more": {},
}
