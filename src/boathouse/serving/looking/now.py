"""How endpoints are at the moment, for those who look at them."""

from collections.abc import Sequence
from dataclasses import dataclass

from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal
from boathouse.serving.answering.states import read_workers
from boathouse.serving.endpoints.nouns import Endpoint
from boathouse.serving.endpoints.progress import Situation, Workers
from boathouse.serving.endpoints.service import Endpoints
from boathouse.serving.endpoints.worker_state import LastFall


@dataclass(frozen=True, slots=True)
class EndpointNow:
    """An endpoint, with what its workers say of it."""

    endpoint: Endpoint
    situation: Situation
    owner: str | None
    url: str | None
    """Where the data plane is asked; None where none runs."""
    last_fall: LastFall | None
    """The newest answer that a rung below gave, in any worker that lives."""


class EndpointsNow:
    """Shows endpoints to whoever may see them."""

    def __init__(self, endpoints: Endpoints, home: Home) -> None:
        self._endpoints = endpoints
        self._home = home

    def listed(self, principal: Principal) -> list[EndpointNow]:
        """Those that the principal may see, by name."""
        return self._looked_at(self._endpoints.list(principal))

    def shown(self, principal: Principal, name: str) -> EndpointNow:
        """
        Raises:
            EndpointNotFound: There is none of that name, as far as the principal may know.
        """
        return self._looked_at([self._endpoints.get(principal, name)])[0]

    def _looked_at(self, found: Sequence[Endpoint]) -> list[EndpointNow]:
        workers = read_workers(self._home)
        url = (self._home.running() or {}).get("serving_url")
        return [
            EndpointNow(
                each,
                self._endpoints.situation(each, workers, is_data_plane_here=url is not None),
                self._endpoints.access.owner(each.name),
                f"{url}/serving-endpoints/{each.name}/invocations" if url else None,
                _newest_fall(each, workers),
            )
            for each in found
        ]


def _newest_fall(endpoint: Endpoint, workers: Workers) -> LastFall | None:
    states = [worker[endpoint.endpoint_id] for worker in workers if endpoint.endpoint_id in worker]
    falls = [state.last_fall for state in states if state.last_fall is not None]
    return max(falls, key=lambda fall: fall.at, default=None)
