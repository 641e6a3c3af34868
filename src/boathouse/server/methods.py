"""A path of ours that is called with the wrong method says so, though MLflow's application takes every other path."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class OurPathsFirst:
    """Stands before the application that is mounted at ``/``."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        # MLflow's own paths are called often, and none of them is ours.
        if scope["type"] == "http" and path.startswith("/api/") and not path.startswith("/api/2.0/mlflow"):
            self._refuse_wrong_method(scope)
        await self._app(scope, receive, send)

    def _refuse_wrong_method(self, scope: Scope) -> None:
        if not any(route.matches(scope)[0] is Match.PARTIAL for route in self._routes):
            return
        allowed = [method for method in METHODS if self._takes({**scope, "method": method})]
        if allowed and scope["method"] not in allowed:
            names = ", ".join(allowed)
            raise HTTPException(405, f"this path takes {names}, not {scope['method']}", headers={"Allow": names})

    def _takes(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in self._routes)
