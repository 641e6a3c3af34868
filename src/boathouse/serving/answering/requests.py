"""What is asked of an endpoint, and what goes back: without any word of the protocol that carries it."""

from dataclasses import dataclass

JSON = "application/json"
CONTENT_TYPE_JSON = ("content-type", JSON)

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Asked:
    """One request, its body read."""

    body: bytes
    content_type: str
    request_id: str
    received_at_us: int
    """Microseconds since 1970-01-01 UTC."""
    begun: float
    """The same instant on the clock that only goes forward, in seconds."""
    principal: str
    client_request_id: str | None = None
    named: str | None = None
    """The served entity that the caller wants."""


@dataclass(slots=True)
class Answer:
    """What goes back."""

    status: int
    headers: Headers
    body: bytes
