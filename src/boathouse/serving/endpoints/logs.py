"""What the log of the data plane says of an endpoint."""

from collections import deque

from boathouse.foundation.home import Home
from boathouse.serving.endpoints.nouns import Endpoint

DATA_PLANE_LOG = "data-plane.log"
_MOST_LINES = 500
_MOST_BYTES = 4 * 2**20
"""From the end of the log; who wants more reads the file."""


def lines_about(home: Home, endpoint: Endpoint, entity: str | None = None) -> str:
    """The newest lines that name the endpoint, one of its models, or what it serves under ``entity``."""
    served = [each for each in endpoint.config.entities if entity in (None, each.name)]
    names = {endpoint.name, endpoint.endpoint_id, *(each.entity for each in served)}
    found: deque[str] = deque(maxlen=_MOST_LINES)
    try:
        with (home.logs / DATA_PLANE_LOG).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _MOST_BYTES))
            for line in file.read().decode(errors="replace").splitlines():
                if any(name in line for name in names):
                    found.append(line)
    except FileNotFoundError:
        return ""
    return "\n".join(found)
