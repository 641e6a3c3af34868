"""Moving an endpoint's traffic between the entities that it serves: by hand, for a reason, and not into a comparison
that is under way."""

from collections.abc import Mapping
from math import isclose, isfinite

from boathouse.catalog import Privilege
from boathouse.foundation.errors import Conflict, InvalidInput, did_you_mean
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.serving.endpoints.nouns import Endpoint, EndpointConfig, Route, Wanted
from boathouse.serving.endpoints.service import Endpoints
from boathouse.serving.rollout import repository as rows
from boathouse.serving.rollout.experiments import repository as experiment_rows


class TrafficHeld(Conflict):
    """A rollout or an A/B test counts on the shares as they are."""


class Traffic:
    """The shares of what an endpoint serves."""

    def __init__(self, database: Database, endpoints: Endpoints) -> None:
        self._database = database
        self._endpoints = endpoints

    def require_may_move(self, principal: Principal, name: str) -> None:
        """
        Raises:
            EndpointNotFound, Denied: The principal may not manage the endpoint.
        """
        self._endpoints.access.require(principal, Privilege.MANAGE, name)

    def held_by(self, principal: Principal, name: str) -> str | None:
        """Why the shares are not to be moved now; None: nothing counts on them."""
        return self._holder(self._endpoints.get(principal, name))

    def move(
        self, principal: Principal, name: str, shares: Mapping[str, float], reason: str, *, seen: int | None = None
    ) -> Endpoint:
        """Give each served entity its share, in percent; one that is not named gets none, and stays loaded.

        Args:
            seen: Only as long as this version of the configuration is in force.

        Raises:
            InvalidInput: The shares do not sum to 100, name something that is not served, or there is no reason.
            TrafficHeld: A rollout or an A/B test is under way.
            Denied: The principal may not manage the endpoint.
        """
        self.require_may_move(principal, name)
        found = self._endpoints.get(principal, name)
        if not reason.strip():
            raise InvalidInput("Traffic is moved for a reason.", hint="Say why; it is kept.")
        if seen is not None and found.config.version != seen:
            raise Conflict(f"The endpoint {name} was changed meanwhile.", hint="Look again, then decide.")
        routes = _routes(found.config, shares)
        if (holder := self._holder(found)) is not None:
            raise TrafficHeld(holder)
        wanted = Wanted(found.config.entities, routes, found.config.capture)
        return self._endpoints.update_config(principal, name, wanted, seen=found.config, reason=reason.strip())

    def _holder(self, endpoint: Endpoint) -> str | None:
        with self._database.read() as connection:
            rollouts = rows.running(connection, endpoint.endpoint_id)
            experiments = experiment_rows.running(connection, endpoint.endpoint_id)
        for each in rollouts:
            return (
                f"Version {each.to_version} is on its way to the traffic of {each.served.entity}, step by step, as the"
                " policy says. Abort the rollout, or let it end, before shares are moved by hand."
            )
        for each in experiments:
            return (
                f"An A/B test between {' and '.join(each.arms)} is under way, and counts on their shares."
                " Stop it before they are moved by hand."
            )
        return None


def _routes(config: EndpointConfig, shares: Mapping[str, float]) -> tuple[Route, ...]:
    known = [each.name for each in config.entities]
    for name, share in shares.items():
        if name not in known:
            raise InvalidInput(
                f"{name!r} is not served here.", hint=did_you_mean(name, known) or f"There is {', '.join(known)}."
            )
        if not isfinite(share) or not 0 <= share <= 100:
            raise InvalidInput(f"{share:g} % is no share of the traffic.", hint="Give 0 to 100 each.")
    total = sum(shares.values())
    if not isclose(total, 100.0, abs_tol=1e-6):
        raise InvalidInput(f"The shares sum to {total:g} %.", hint="They have to sum to 100.")
    return tuple(Route(name, float(shares.get(name, 0.0))) for name in known)
