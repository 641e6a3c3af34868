"""Which version of a model an endpoint asks now, for who scores with it elsewhere."""

from dataclasses import dataclass

from boathouse.catalog import Privilege
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal
from boathouse.serving.endpoints.access import Access
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.snapshot import files


@dataclass(frozen=True, slots=True)
class AnsweringNow:
    """A version that has most of the traffic."""

    model: str
    version: int


def answering_now(access: Access, home: Home, principal: Principal, name: str) -> AnsweringNow:
    """
    Raises:
        EndpointNotFound, Denied: There is no such endpoint, or the principal may not ask it.
        InvalidInput: It is not ready, or no model answers.
    """
    with access.verb(principal, "resolveModel", name):
        access.require(principal, Privilege.EXECUTE, name)
        snapshot = files.read(home)
        live = next((each for each in snapshot.endpoints if each.name == name), None) if snapshot else None
        if live is None or not live.routes:
            raise InvalidInput(f"Endpoint {name} is not ready.", hint=live.why if live else None)
        most = max(live.routes, key=lambda route: (route.role != "canary", route.percent))
        entity = next(each for each in live.entities if each.entity_id == most.entity_id)
        if entity.kind is not EntityKind.MODEL or entity.version is None:
            raise InvalidInput(f"Endpoint {name} gives features; no model answers there.")
        return AnsweringNow(entity.entity, entity.version)
