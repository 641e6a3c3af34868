"""The kinds of resources a bundle can hold, and the shape of each: the create request of its REST object.

This is the client's side, so it imports nothing heavy; what the server does with a payload is in ``resources/``.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from boathouse.foundation.names import InvalidName, normalise_part
from boathouse.foundation.shapes import Shape, Unused

OTHER_KINDS = (
    "alerts", "apps", "catalogs", "clusters", "dashboards", "database_catalogs", "database_instances",
    "external_locations", "genie_spaces", "model_serving_endpoints", "models", "pipelines", "postgres_branches",
    "postgres_endpoints", "postgres_projects", "quality_monitors", "secret_scopes", "sql_warehouses",
    "synced_database_tables",
)  # fmt: skip
"""Kinds that Databricks documents and Boathouse does not deploy yet; they are reported, never silently dropped."""


class GrantShape(Shape):
    """Privileges of one principal on a Unity Catalog object."""

    principal: str = Field(min_length=1)
    privileges: list[str] = Field(min_length=1)


class AccessShape(Shape):
    """One user, group or service principal, who gets a permission level."""

    user_name: str | None = None
    group_name: str | None = None
    service_principal_name: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "AccessShape":
        named = [name for name in (self.user_name, self.group_name, self.service_principal_name) if name]
        if len(named) != 1:
            raise ValueError("exactly one of user_name, group_name and service_principal_name is needed.")
        return self

    @property
    def principal(self) -> str:
        return self.user_name or self.group_name or self.service_principal_name or ""


class JobAccess(AccessShape):
    level: Literal["CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"]


class ExperimentAccess(AccessShape):
    level: Literal["CAN_READ", "CAN_EDIT", "CAN_MANAGE", "IS_OWNER"]


def _part(text: str) -> str:
    try:
        normalise_part(text)
    except InvalidName as error:
        raise ValueError(str(error)) from error
    return text


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


@dataclass(frozen=True, slots=True)
class Kind:
    """What the client must know of one kind of resource."""

    section: str
    """The key under ``resources``."""
    noun: str
    order: int
    """Kinds are created in this order and destroyed in the opposite one."""
    governed: bool = False
    """Lives in Unity Catalog: takes ``grants`` and has a name of plain parts."""

    @property
    def shape(self) -> type[Shape]:
        match self.section:
            case "schemas":
                return SchemaPayload
            case "volumes":
                return VolumePayload
            case "registered_models":
                return RegisteredModelPayload
            case "experiments":
                return ExperimentPayload
            case _:
                return job_shape()

    def full_name(self, payload: dict[str, Any]) -> str:
        """The name under which two resources of this kind cannot both exist."""
        fields = ("catalog_name", "schema_name", "name") if self.governed else ("name",)
        return ".".join(str(payload[field]) for field in fields if payload.get(field) is not None)


def job_shape() -> type[Shape]:
    """The jobs room's settings, with the two fields that only a bundle has."""
    from boathouse.bundles.job_payload import JobPayload

    return JobPayload


KINDS: dict[str, Kind] = {
    kind.section: kind
    for kind in (
        Kind("schemas", "schema", 1, governed=True),
        Kind("volumes", "volume", 2, governed=True),
        Kind("registered_models", "registered model", 3, governed=True),
        Kind("experiments", "experiment", 4),
        Kind("jobs", "job", 5),
    )
}
