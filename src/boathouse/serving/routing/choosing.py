"""Which route a request takes: decided by a hash of its id, or of the key that an experiment holds on to.

The unit interval is divided among the served entities, and within each among the canary and what it replaces. What
grows stands first in its part, so that whoever was in a canary of 5 % is in it at 25 % too.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import accumulate
from typing import Any

from boathouse.foundation.errors import InvalidInput, NotFound, did_you_mean
from boathouse.serving.scoring.columns import column_of
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveRoute

_SCALE = 1.0 / 2**64
_FIRST = {"canary": 0, "treatment": 1, "primary": 2, "control": 3}
"""What grows comes first."""
_DRAWN = ("control", "treatment")
"""The roles of an experiment: who has one was drawn, by key."""


class NotServed(NotFound):
    """The endpoint has no served entity of this name."""


class Split:
    """Routes that share what comes: shares are relative to their sum."""

    __slots__ = ("_base", "_ends", "_only", "_routes")

    def __init__(self, routes: Sequence[LiveRoute], base: Any) -> None:
        with_traffic = [route for route in routes if route.percent > 0] or list(routes)[:1]
        ends = list(accumulate(route.percent for route in with_traffic))
        whole = ends[-1] or 1.0
        self._routes = with_traffic
        self._ends = [end / whole for end in ends[:-1]]
        self._only = with_traffic[0] if len(with_traffic) == 1 else None
        self._base = base

    def at(self, text: str) -> LiveRoute:
        """The route of a text: always the same one."""
        if self._only is not None:
            return self._only
        hashed = self._base.copy()
        hashed.update(text.encode("utf-8", "surrogatepass"))
        return self._routes[bisect_right(self._ends, int.from_bytes(hashed.digest()) * _SCALE)]


class Router:
    """The routes of one endpoint, compiled; safe to share between threads."""

    def __init__(self, endpoint: LiveEndpoint) -> None:
        base = blake2b(endpoint.endpoint_id.encode() + b"\0", digest_size=8)
        routes = in_order(endpoint)
        names = {entity.entity_id: entity.name for entity in endpoint.entities}
        experiment = endpoint.policy.experiment
        self._endpoint = endpoint.name
        self._all = Split(routes, base) if routes else None
        # Whoever picks an entity takes no part in an experiment either.
        picked = [replace(route, role="primary") if route.role in _DRAWN else route for route in routes]
        self._by_name = {
            name: Split([route for route in picked if names.get(route.entity_id) == name], base)
            for name in dict.fromkeys(names.get(route.entity_id, "") for route in routes)
        }
        self._key = tuple(experiment.key) if experiment else ()
        # Whoever brings no key takes no part: the control answers, and nobody counts it.
        keyless = [replace(route, role="primary") for route in routes if route.role == "control"]
        self._keyless = Split(keyless, base) if experiment and keyless else self._all

    def choose(self, request_id: str, key: str | None = None, named: str | None = None) -> LiveRoute:
        """The route of a request.

        Args:
            key: Of an experiment (:meth:`key_of`); the same one always takes the same route while shares stay.
            named: The served entity that the caller has asked for by name; it answers even with a share of 0.

        Raises:
            NotServed: There is no entity of that name.
        """
        if named is not None:
            return self._named(named).at(key or request_id)
        split = self._all if key is not None or not self._key else self._keyless
        if split is None:
            raise NotServed(f"Endpoint {self._endpoint} has no route.", hint="It is not ready yet.")
        return split.at(key or request_id)

    def key_of(self, payload: Payload) -> str | None:
        """What the experiment of this endpoint holds on to; None without one, and for a request whose rows have
        several keys or none: that takes no part."""
        if not self._key:
            return None
        return sticky_key(payload, self._key)

    def _named(self, name: str) -> Split:
        found = self._by_name.get(name)
        if found is None:
            raise NotServed(
                f"Endpoint {self._endpoint} serves no entity named {name!r}.",
                hint=did_you_mean(name, self._by_name) or f"It serves {', '.join(self._by_name) or 'nothing yet'}.",
            )
        return found


def choose(endpoint: LiveEndpoint, request_id: str, key: str | None = None, named: str | None = None) -> LiveRoute:
    """As :meth:`Router.choose`, for whoever asks once."""
    return Router(endpoint).choose(request_id, key, named)


def in_order(endpoint: LiveEndpoint) -> list[LiveRoute]:
    """The routes in the order in which they divide the interval: entities with a treatment first, and within each
    entity its canary."""
    names = {entity.entity_id: entity.name for entity in endpoint.entities}
    groups: dict[str, list[LiveRoute]] = {}
    for route in endpoint.routes:
        groups.setdefault(names.get(route.entity_id, route.entity_id), []).append(route)
    parts = sorted(groups.values(), key=lambda routes: all(route.role != "treatment" for route in routes))
    return [route for routes in parts for route in sorted(routes, key=lambda each: _FIRST.get(each.role, 2))]


def sticky_key(payload: Payload, names: Sequence[str]) -> str | None:
    """The one key that all rows of a payload have, as text; None when they have several, or one lacks a part."""
    parts: list[str] = []
    for name in names:
        values = column_of(payload, name)
        if values is None or len(values) == 0:
            return None
        first = values[0]
        if first is None or (len(values) > 1 and any(value != first for value in values)):
            return None
        parts.append(_text(first))
    return "\0".join(parts)


def _text(value: Any) -> str:
    """A key as text: 7, 7.0 and "7" are one key, as they are for a table that they are joined to."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | dict):
        raise InvalidInput("The key of an experiment is one value, and the request gives several in one row.")
    return str(value)
