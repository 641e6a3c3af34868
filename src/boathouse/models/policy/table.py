"""The table of all routes: finds the rule for a request. What is not in it does not reach MLflow."""

import re
from dataclasses import dataclass

from boathouse.models.policy import artifacts, registered, rest, tracing, tracking
from boathouse.models.policy.rules import Route

ALL_ROUTES: tuple[Route, ...] = (
    *tracking.ROUTES,
    *registered.ROUTES,
    *artifacts.ROUTES,
    *tracing.ROUTES,
    *rest.ROUTES,
)
AJAX, API = "/ajax-api/", "/api/"

_PLACEHOLDER = re.compile(r"<(?:(path):)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Match:
    """A route and what its placeholders stand for."""

    route: Route
    params: dict[str, str]


class RouteTable:
    """Finds routes as Flask does: a fixed path before one with placeholders."""

    def __init__(self, routes: tuple[Route, ...] = ALL_ROUTES) -> None:
        self._fixed = {(route.method, route.template): route for route in routes if "<" not in route.template}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Route]]] = {}
        for route in sorted(routes, key=_generality):
            if "<" in route.template:
                self._patterns.setdefault(route.method, []).append((pattern_of(route.template), route))

    def find(self, method: str, path: str) -> Match | None:
        """The route of a request; HEAD falls under the rule for GET."""
        method = "GET" if method == "HEAD" else method
        path = canonical_path(path)
        if (route := self._fixed.get((method, path))) is not None:
            return Match(route, {})
        for pattern, route in self._patterns.get(method, ()):
            if (found := pattern.fullmatch(path)) is not None:
                return Match(route, found.groupdict())
        return None


def canonical_path(path: str) -> str:
    """MLflow's UI uses the same routes as its clients, under another prefix."""
    return API + path[len(AJAX) :] if path.startswith(AJAX) else path


def pattern_of(template: str) -> re.Pattern[str]:
    """The expression that a template's paths match."""
    text, end = "", 0
    for found in _PLACEHOLDER.finditer(template):
        body = "[^/].*?" if found[1] else "[^/]+"
        text += re.escape(template[end : found.start()]) + f"(?P<{found[2]}>{body})"
        end = found.end()
    return re.compile(text + re.escape(template[end:]), re.DOTALL)


def _generality(route: Route) -> tuple[int, int]:
    """Narrow templates first: without free paths, then with fewer placeholders."""
    return route.template.count("<path:"), route.template.count("<")
