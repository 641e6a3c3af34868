"""What a rollout means for the routes: each served entity's share is divided between what stands and what comes."""

from collections.abc import Mapping
from dataclasses import dataclass

from boathouse.serving.endpoints.nouns import Endpoint
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.snapshot.nouns import LiveEntity, LiveRoute

PRIMARY, CANARY, CONTROL, TREATMENT = "primary", "canary", "control", "treatment"

Live = Mapping[tuple[str, int | None], LiveEntity]
"""By the name of a served entity and the version."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Which versions of a served entity answer now."""

    version: int | None
    """What stands; of a feature spec None."""
    canary: int | None = None
    """What is coming."""
    percent: float = 0.0
    """The canary's share of what the entity gets."""

    @property
    def versions(self) -> tuple[int | None, ...]:
        """All that have to be loaded."""
        return (self.version,) if self.canary is None else (self.version, self.canary)


def routes_of(
    endpoint: Endpoint, policy: EndpointPolicy, live: Live, standings: Mapping[str, Standing]
) -> tuple[LiveRoute, ...]:
    """The routes of an endpoint, a canary and what it replaces side by side.

    Args:
        live: Every version that ``standings`` names, resolved.
        standings: By the name of the served entity.
    """
    found: list[LiveRoute] = []
    for route in endpoint.config.routes:
        standing = standings[route.entity]
        canary = standing.percent if standing.canary is not None else 0.0
        role = role_of(route.entity, route.percent, policy)
        if standing.canary is not None:
            share = route.percent * canary / 100
            found.append(LiveRoute(live[route.entity, standing.canary].entity_id, share, CANARY))
        if canary < 100:
            share = route.percent * (100 - canary) / 100
            found.append(LiveRoute(live[route.entity, standing.version].entity_id, share, role))
    return tuple(found)


def role_of(name: str, percent: float, policy: EndpointPolicy) -> str:
    """How answers of a served entity come to be given, its canary apart."""
    experiment = policy.experiment
    if experiment is None or percent <= 0:
        return PRIMARY
    return CONTROL if name == experiment.control else TREATMENT
