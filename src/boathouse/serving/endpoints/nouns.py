"""Endpoints, as people describe them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class EntityKind(StrEnum):
    """What can answer."""

    MODEL = "model"
    FEATURE_SPEC = "feature_spec"
    """Keys come in, features go out."""


@dataclass(frozen=True, slots=True)
class ServedEntity:
    """One thing that answers for an endpoint."""

    name: str
    """Unique in the endpoint; what routes and callers name."""
    kind: EntityKind
    entity: str
    """The full name of a registered model or of a feature spec."""
    version: int | None = None
    """Of a model: exactly one of version and alias."""
    alias: str | None = None
    """Follows the registry."""


@dataclass(frozen=True, slots=True)
class Route:
    """A share of the traffic."""

    entity: str
    """The name of a served entity."""
    percent: float


@dataclass(frozen=True, slots=True)
class CaptureTarget:
    """Where requests and answers are kept: ``<catalog>.<schema>.<prefix>_payload``."""

    catalog: str
    schema: str
    prefix: str
    """By default the endpoint's name."""
    is_enabled: bool = True

    @property
    def full_prefix(self) -> str:
        """What the names of the tables begin with."""
        return f"{self.catalog}.{self.schema}.{self.prefix}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an endpoint shall serve."""

    entities: tuple[ServedEntity, ...]
    routes: tuple[Route, ...]
    """Sum to 100."""
    capture: CaptureTarget | None = None


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """What an endpoint serves. A change makes a new version; none is ever changed or removed."""

    version: int
    entities: tuple[ServedEntity, ...]
    routes: tuple[Route, ...]
    """Sum to 100. Without any in what was given: everything to the only entity."""
    capture: CaptureTarget | None
    created_at: int
    """Milliseconds since 1970-01-01 UTC."""
    created_by: str
    reason: str | None = None
    """Why, where somebody has said so."""


class ReadyState(StrEnum):
    """Whether an endpoint can answer."""

    READY = "READY"
    NOT_READY = "NOT_READY"
    """An entity is not there yet: a model, a version, an alias that some job will make; ``why`` names it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint with its configuration in force."""

    endpoint_id: str
    name: str
    """Unique; letters, digits, dashes, underscores, at most 63."""
    config: EndpointConfig
    creator: str
    created_at: int
    changed_at: int
    state: ReadyState = ReadyState.NOT_READY
    why: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    policy_revision: int | None = None
    """Of the policy in force; None: the defaults."""
    origin: str | None = None
    """``bundle/target`` that deployed it."""


@dataclass(frozen=True, slots=True)
class StandingEntity:
    """A version that an endpoint could ask."""

    entity_id: str
    name: str
    entity: str
    version: int | None


@dataclass(frozen=True, slots=True)
class StandingRoute:
    """Who answered, with which share of the traffic."""

    entity_id: str
    percent: float
    role: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What an endpoint stood for from an instant on: the versions that its aliases meant, and their shares."""

    since: int
    config_version: int
    policy_revision: int | None
    state: ReadyState
    why: str | None
    entities: tuple[StandingEntity, ...] = ()
    routes: tuple[StandingRoute, ...] = ()
