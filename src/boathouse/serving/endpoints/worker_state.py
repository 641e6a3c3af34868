"""How an endpoint is in one worker, as the worker tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LastFall:
    """The last answer that came from a rung below."""

    rung: str
    why: str
    at: int
    """Milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class EndpointState:
    """One endpoint in one worker."""

    endpoint_id: str
    name: str
    config_version: int
    """Of what answers now."""
    wanted_config_version: int
    """Of what should answer."""
    is_ready: bool
    versions: tuple[str, ...]
    """Who answers: ``catalog.schema.model@3``."""
    why: str | None = None
    """What is missing, or why not what should answer does."""
    last_fall: LastFall | None = None
    entity_ids: tuple[str, ...] = ()
    """Who answers, as the snapshot knows them."""
    lacking: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """By the name of the served entity: why it does not load; None while it is being loaded."""
