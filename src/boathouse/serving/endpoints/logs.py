"""What the log of the data plane says of an endpoint, and of none beside it."""

import re
from collections import deque

from boathouse.foundation.home import Home
from boathouse.serving.endpoints.nouns import Endpoint, ReadyState

DATA_PLANE_LOG = "data-plane.log"
_MOST_LINES = 500
_MOST_BYTES = 4 * 2**20
"""From the end of the log; who wants more reads the file."""


def lines_about(home: Home, endpoint: Endpoint, entity: str | None = None) -> str:
    """The newest lines that name the endpoint, one of its models, or what it serves under ``entity``."""
    names = _names(endpoint, entity)
    found: deque[str] = deque(maxlen=_MOST_LINES)
    try:
        with (home.logs / DATA_PLANE_LOG).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _MOST_BYTES))
            for line in file.read().decode(errors="replace").splitlines():
                if names.search(line):
                    found.append(line)
    except FileNotFoundError:
        return ""
    return "\n".join(found)


def _names(endpoint: Endpoint, entity: str | None) -> re.Pattern[str]:
    """Whole names only: an endpoint may be called ``a``. What its owner may not serve is none of its models."""
    known = [re.escape(endpoint.endpoint_id), f"/serving-endpoints/{re.escape(endpoint.name)}(?=/)"]
    if endpoint.state is ReadyState.READY:
        for each in endpoint.config.entities:
            if entity in (None, each.name):
                process = re.sub("[^A-Za-z0-9_-]+", "-", each.entity)
                known += [re.escape(each.entity), rf"{process}-[0-9]+(?:-proof)?"]
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(known)})(?![\w-]|\.\w)")
