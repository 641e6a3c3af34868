"""One request and what became of it."""

from dataclasses import dataclass
from typing import Protocol

SHADOW_SUFFIX = "-shadow"
"""Follows the request id of the caller's exchange; a second shadow's has ``-shadow2``, and so on."""


@dataclass(slots=True)
class Exchange:
    """A request, its answer, and how that came to be."""

    request_id: str
    endpoint_id: str
    config_version: int
    entity_id: str
    """Of the one that answered; empty when none did."""
    version: int | None
    role: str
    """``primary``, ``canary``, ``control``, ``treatment``, ``shadow``, ``fallback``."""
    principal: str
    received_at_us: int
    """Microseconds since 1970-01-01 UTC."""
    duration_us: int
    status: int
    content_type: str
    request: bytes
    response: bytes
    rung: str | None = None
    """Which rung answered, if not the routed version; ``why`` says what had failed."""
    why: str | None = None
    client_request_id: str | None = None
    features: bytes | None = None
    """JSON: for each row the values that were read online, and the event time of each in microseconds:
    ``[{"values": {...}, "event": {...}}, ...]``."""
    sampling_fraction: float = 1.0
    error_codes: tuple[str, ...] = ()
    device: str | None = None
    """Of an exchange that comes from the edge: where it was answered."""
    arrived_at_us: int | None = None
    """And when it became known here; until then nobody could have used it."""
    rung_details: str | None = None
    """Of a rung that is no model: which constant, or which function, as JSON."""


class Journal(Protocol):
    """Where exchanges are written before their answers leave. One per worker; for one thread."""

    def write(self, exchange: Exchange) -> None:
        """Returns when the exchange will outlive this process, whatever ends it.

        Raises:
            Unavailable: There is no room, and the rule says to refuse.
        """
        ...

    def close(self) -> None: ...
