"""The kinds of resources a bundle can hold, as far as the client must know them."""

from dataclasses import dataclass
from typing import Any

from boathouse.bundles.job_payload import JobPayload
from boathouse.bundles.payloads import (
    AlertPayload,
    ContractPayload,
    EndpointPayload,
    EndpointPolicyPayload,
    ExperimentPayload,
    ModelRequirementsPayload,
    MonitorPayload,
    PlaybookPayload,
    RegisteredModelPayload,
    RetrainingPayload,
    SchemaPayload,
    SecretScopePayload,
    VolumePayload,
)
from boathouse.foundation.shapes import Shape

OTHER_KINDS = (
    "alerts", "apps", "catalogs", "clusters", "dashboards", "database_catalogs", "database_instances",
    "external_locations", "genie_spaces", "models", "pipelines", "postgres_branches",
    "postgres_endpoints", "postgres_projects", "sql_warehouses",
    "synced_database_tables",
)  # fmt: skip
"""Kinds that Databricks documents and Boathouse does not deploy yet; they are reported, never silently dropped."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What the client must know of one kind of resource."""

    section: str
    """The key under ``resources``."""
    noun: str
    shape: type[Shape]
    order: int
    """Kinds are created in this order and destroyed in the opposite one."""
    governed: bool = False
    """Lives in Unity Catalog: takes ``grants`` and has a name of plain parts."""
    has_plain_name: bool = False
    """Its name has no room for blanks and brackets either, though it lies outside of Unity Catalog."""
    named_by: str = "name"
    """The field that its name stands in, for what lies outside of Unity Catalog."""
    settings_of: str | None = None
    """Written in ``boathouse.yml`` (under ``models`` for ``model``), not under ``resources``; the payload's field that
    names what it belongs to, whose name it has."""

    @property
    def in_settings(self) -> bool:
        return self.settings_of is not None

    def full_name(self, payload: dict[str, Any]) -> str:
        """The name under which two resources of this kind cannot both exist."""
        if self.settings_of is not None:
            return str(payload[self.settings_of])
        fields = ("catalog_name", "schema_name", "name") if self.governed else (self.named_by,)
        return ".".join(str(payload[field]) for field in fields if payload.get(field) is not None)


REQUIREMENTS = "model_requirements"
"""What ``models`` of ``boathouse.yml`` become."""
ENDPOINTS = "model_serving_endpoints"
ENDPOINT_POLICIES = "endpoint_policies"
"""What ``endpoints`` of ``boathouse.yml`` become."""
MONITORS = "quality_monitors"
PLAYBOOKS = "playbooks"
"""What ``playbooks`` of ``boathouse.yml`` become."""
ALERT_RULES = "alert_rules"
"""What ``alerts`` of ``boathouse.yml`` become."""
CONTRACTS = "contracts"
"""What ``contracts`` of ``boathouse.yml`` become."""
RETRAINING = "retraining"
"""What ``retraining`` of ``boathouse.yml`` becomes."""

KINDS: dict[str, Kind] = {
    kind.section: kind
    for kind in (
        Kind("schemas", "schema", SchemaPayload, 1, governed=True),
        Kind("volumes", "volume", VolumePayload, 2, governed=True),
        Kind("registered_models", "registered model", RegisteredModelPayload, 3, governed=True),
        Kind("experiments", "experiment", ExperimentPayload, 4),
        Kind("secret_scopes", "secret scope", SecretScopePayload, 5, has_plain_name=True),
        Kind("jobs", "job", JobPayload, 6),
        Kind(REQUIREMENTS, "policy of the model", ModelRequirementsPayload, 7, settings_of="model"),
        Kind(ENDPOINTS, "endpoint", EndpointPayload, 8, has_plain_name=True),
        Kind(ENDPOINT_POLICIES, "policy of the endpoint", EndpointPolicyPayload, 9, settings_of="endpoint"),
        Kind(MONITORS, "monitor", MonitorPayload, 10, named_by="table_name"),
        Kind(CONTRACTS, "contract of the table", ContractPayload, 10, settings_of="table"),
        Kind(PLAYBOOKS, "playbook", PlaybookPayload, 10, settings_of="playbook"),
        Kind(ALERT_RULES, "alert", AlertPayload, 11, settings_of="alert"),
        Kind(RETRAINING, "retraining of the model", RetrainingPayload, 20, settings_of="model"),
    )
}
