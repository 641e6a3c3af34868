"""The shapes of the resources a bundle can hold: each the create request of its REST object. Jobs have their own file.

This is the client's side, so it imports nothing heavy; what the server does with a payload is in ``resources/``.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from boathouse.bundles.access_payloads import EndpointAccess, ExperimentAccess, GrantShape, ScopeAccess
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import InvalidName, ModelName, normalise_part
from boathouse.foundation.shapes import Shape, Unused
from boathouse.models.requirements import Requirements
from boathouse.monitoring.alerts.rules import AlertRule
from boathouse.monitoring.alerts.rules import Name as AlertName
from boathouse.monitoring.incidents.playbook import Playbook
from boathouse.monitoring.monitors.settings import MonitorSettings, TableText
from boathouse.monitoring.retraining.policy import RetrainingPolicy
from boathouse.serving.endpoints.given import ConfigGiven, TagGiven, endpoint_name
from boathouse.serving.endpoints.policy import EndpointPolicy


def _part(text: str) -> str:
    try:
        normalise_part(text)
    except InvalidName as error:
        raise ValueError(str(error)) from error
    return text


def _model(text: str) -> str:
    try:
        return str(ModelName.parse(text))
    except InvalidName as error:
        raise ValueError(str(error)) from error


NamePart = Annotated[str, AfterValidator(_part)]


class SchemaPayload(Shape):
    """A schema."""

    catalog_name: NamePart
    name: NamePart
    comment: str | None = None
    properties: dict[str, str] | None = None
    grants: list[GrantShape] | None = None
    storage_root: Unused = None
    lifecycle: Unused = None


class VolumePayload(Shape):
    """A volume."""

    catalog_name: NamePart
    schema_name: NamePart
    name: NamePart
    comment: str | None = None
    volume_type: Literal["MANAGED"] = "MANAGED"
    grants: list[GrantShape] | None = None
    storage_location: Unused = None
    lifecycle: Unused = None


class RegisteredModelPayload(Shape):
    """A registered model."""

    catalog_name: NamePart
    schema_name: NamePart
    name: NamePart
    comment: str | None = None
    grants: list[GrantShape] | None = None
    storage_location: Unused = None
    lifecycle: Unused = None


class ExperimentTag(Shape):
    key: str
    value: str


class ExperimentPayload(Shape):
    """An MLflow experiment."""

    name: str = Field(min_length=1)
    tags: list[ExperimentTag] | None = None
    permissions: list[ExperimentAccess] | None = None
    artifact_location: Unused = None
    lifecycle: Unused = None


class SecretScopePayload(Shape):
    """A scope for secrets; their values are never part of a bundle."""

    name: str = Field(pattern=r"^[\w\-.@]{1,128}$")
    backend_type: Literal["DATABRICKS"] = "DATABRICKS"
    permissions: list[ScopeAccess] | None = None
    lifecycle: Unused = None


def _endpoint(text: str) -> str:
    try:
        return endpoint_name(text)
    except InvalidInput as error:
        raise ValueError(str(error)) from error


EndpointName = Annotated[str, AfterValidator(_endpoint)]


class EndpointPayload(Shape):
    """An endpoint; what it serves need not be there yet."""

    name: EndpointName
    config: ConfigGiven
    tags: list[TagGiven] | None = None
    description: str | None = None
    permissions: list[EndpointAccess] | None = None
    rate_limits: Unused = None
    route_optimized: Unused = None
    ai_gateway: Unused = None
    budget_policy_id: Unused = None
    email_notifications: Unused = None
    telemetry_config: Unused = None
    lifecycle: Unused = None


class EndpointPolicyPayload(Shape):
    """How an endpoint changes, falls and is limited."""

    endpoint: EndpointName
    policy: EndpointPolicy


class AlertPayload(Shape):
    """What is watched, when it is wrong, who is told."""

    alert: AlertName
    rule: AlertRule


class ContractPayload(Shape):
    """What a table has to keep to, in the words of the Open Data Contract Standard."""

    table: TableText
    document: str
    quarantine: TableText | None = None


class RetrainingPayload(Shape):
    """How a registered model is trained again."""

    model: Annotated[str, AfterValidator(_model)]
    policy: RetrainingPolicy


class MonitorPayload(MonitorSettings):
    """A table that is watched; it need not be there yet."""

    table_name: TableText


class PlaybookPayload(Shape):
    """What is done when something is wrong."""

    playbook: AlertName
    definition: Playbook


class ModelRequirementsPayload(Shape):
    """What a registered model has to meet, with the text of its card."""

    model: Annotated[str, AfterValidator(_model)]
    requirements: Requirements
    card_text: str | None = None
