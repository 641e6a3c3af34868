"""Discovery: what there is, and all that is known of one thing."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from boathouse.catalog.definitions import Function
from boathouse.catalog.described import Description
from boathouse.catalog.grants import Grant
from boathouse.catalog.hierarchy import parse_kind
from boathouse.catalog.law import Catalog
from boathouse.catalog.search.finding import Hit, Question
from boathouse.catalog.securables import Securable, Table, Volume
from boathouse.server.authentication import Caller
from boathouse.server.routes.lineage import graph_json
from boathouse.server.routes.unity_examples import DESCRIPTION, HIT, example
from boathouse.server.routes.unity_shapes import JSON


def routes(catalog: Catalog) -> APIRouter:
    """Search, its index, and descriptions."""
    router = APIRouter(tags=["Discovery"])

    @router.get(
        "/search",
        summary="What answers to some words and may be known to the caller, the best first",
        responses=example({"hits": [HIT]}),
    )
    def search(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        q: str = "",
        kind: Annotated[list[str] | None, Query()] = None,
        tag: Annotated[list[str] | None, Query()] = None,
        owner: str | None = None,
        limit: int = 20,
    ) -> JSON:
        kinds = tuple(parse_kind(each) for each in kind or ())
        found = catalog.search.find(caller, Question(q, kinds, tuple(tag or ()), owner, limit))
        return {"hits": [_hit_json(hit) for hit in found]}

    @router.post(
        "/search/rebuild", summary="Make the index of search anew (administrators)", responses=example({"things": 812})
    )
    def rebuild(caller: Caller) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return {"things": catalog.search.rebuild(caller)}

    @router.get(
        "/describe",
        summary="What a thing is, whose, since when, from what, and used by whom",
        responses=example(DESCRIPTION),
    )
    def describe(caller: Caller, name: str, kind: str | None = None) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return description_json(catalog.describing.describe(caller, name, parse_kind(kind) if kind else None))

    return router


def description_json(found: Description) -> dict[str, Any]:
    return {
        **_securable_json(found.securable),
        "detail": _detail_json(found.detail),
        "state": asdict(found.state) if found.state else None,
        "inside": {kind.value: count for kind, count in found.inside.items()},
        "grants": [_grant_json(grant) for grant in found.grants],
        "upstream": graph_json(found.upstream) if found.upstream else None,
        "downstream": graph_json(found.downstream) if found.downstream else None,
        "used_by": asdict(found.used_by),
        "more": found.more,
    }


def _hit_json(hit: Hit) -> dict[str, Any]:
    return {
        **_securable_json(hit.securable),
        "columns": list(hit.columns),
        "score": hit.score,
        "use": asdict(hit.use),
    }


def _securable_json(securable: Securable) -> dict[str, Any]:
    return {name: getattr(securable, name) for name in Securable.__slots__} | {"kind": securable.kind.value}


def _detail_json(detail: Table | Volume | Function | None) -> dict[str, Any] | None:
    match detail:
        case Table():
            return {
                "table_type": detail.table_type.value,
                "data_source_format": detail.data_source_format,
                "storage_location": detail.storage_location or None,
                "view_definition": detail.view.text if detail.view else None,
                "columns": [asdict(column) for column in detail.columns],
            }
        case Volume():
            return {"volume_type": detail.volume_type, "storage_location": detail.storage_location or None}
        case Function():
            return {
                "language": detail.language.value,
                "parameters": [asdict(each) for each in detail.parameters],
                "returns": detail.returns or None,
                "columns": [asdict(each) for each in detail.columns],
                "body": detail.body or None,
            }
        case None:
            return None


def _grant_json(grant: Grant) -> dict[str, Any]:
    return {
        "grantee": grant.grantee,
        "privilege": grant.privilege.value,
        "kind": grant.kind.value,
        "on": grant.full_name,
    }
