"""Who may do what with a resource, as a bundle says it."""

from typing import Literal

from pydantic import Field, model_validator

from boathouse.foundation.shapes import Shape


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


class EndpointAccess(AccessShape):
    level: Literal["CAN_VIEW", "CAN_QUERY", "CAN_MANAGE"]


class ScopeAccess(AccessShape):
    level: Literal["READ", "WRITE", "MANAGE"]
