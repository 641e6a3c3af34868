"""Routers that are asked about paths that begin as theirs do, and about no others: with hundreds of routes, to try each
of them takes longer than many an answer."""

from typing import Any

from fastapi import APIRouter
from starlette.routing import Match, Mount, Route
from starlette.types import Scope


def narrowed(router: APIRouter) -> APIRouter:
    """The router itself, which from now on takes one comparison to say that a path is none of its own. To be included
    without a prefix."""
    beginnings = _beginnings(router)
    if beginnings is None:
        return router
    asked = router.matches

    def matches(scope: Scope) -> tuple[Match, Scope]:
        is_below = bool(scope.get("root_path"))  # then the path begins with something else
        return asked(scope) if is_below or scope["path"].startswith(beginnings) else (Match.NONE, {})

    router.matches = matches
    return router


def _beginnings(router: APIRouter, prefix: str = "") -> tuple[str, ...] | None:
    """What the paths of a router begin with; None if it has something that is not found by its path alone."""
    found: set[str] = set()
    for route in router.routes:
        if isinstance(route, Route | Mount):
            found.add(prefix + route.path.partition("{")[0])
            continue
        inner: Any = getattr(route, "original_router", None)  # one that was included
        if not isinstance(inner, APIRouter):
            return None
        below = _beginnings(inner, prefix + route.include_context.prefix)  # type: ignore[attr-defined]
        if below is None:
            return None
        found |= set(below)
    return tuple(sorted(found))
