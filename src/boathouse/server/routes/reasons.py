"""Why somebody may do something. Ours."""

from typing import Any

from fastapi import APIRouter

from boathouse.catalog.hierarchy import parse_kind
from boathouse.catalog.reasons import Reasons
from boathouse.catalog.reasons_in_words import explanation_json
from boathouse.server.authentication import Caller

Json = dict[str, Any]
_TOLD: Json = {
    "principal": "bob",
    "privileges": [
        {
            "privilege": "SELECT",
            "allowed": False,
            "because": "Missing: USE SCHEMA on schema prod.shop.",
            "needs": [
                {"privilege": "USE_SCHEMA", "securable_type": "schema", "full_name": "prod.shop", "reasons": []},
            ],
        }
    ],
}


def routes(reasons: Reasons) -> APIRouter:
    """The routes of reasons."""
    router = APIRouter(tags=["Unity Catalog: grants"], prefix="/api/boathouse/v1")

    @router.get(
        "/reasons/{securable_type}/{full_name:path}",
        summary="What somebody may do with a thing, and why",
        responses={200: {"content": {"application/json": {"example": _TOLD}}}},
    )
    def explain(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, securable_type: str, full_name: str, principal: str | None = None
    ) -> Json:
        """Each privilege that concerns the thing, with the owner, the grant and the memberships it rests on, or what is
        missing. ``principal``: by default the caller."""
        about = principal or caller.name
        told = reasons.explain(caller, about, parse_kind(securable_type), full_name)
        return {"principal": about, "privileges": [explanation_json(each) for each in told]}

    return router
