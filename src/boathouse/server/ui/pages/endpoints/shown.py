"""What every part of an endpoint's page is given."""

from dataclasses import dataclass

from boathouse.serving.looking.now import EndpointNow


@dataclass(frozen=True, slots=True)
class Shown:
    """An endpoint in front of somebody."""

    now: EndpointNow
    may_ask: bool
    may_manage: bool

    @property
    def name(self) -> str:
        return self.now.endpoint.name
