"""The commit coordinator that Unity Catalog clients ask about managed tables.

Our tables are committed on storage, by whoever writes them; no commit waits here for being published. Clients such as
Sail ask nevertheless before they read, and take "nothing here" for "commit on storage".
"""

from fastapi import APIRouter
from pydantic import ConfigDict

from boathouse.catalog.law import Catalog
from boathouse.foundation.errors import InvalidInput
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import example
from boathouse.server.routes.unity_shapes import JSON, Body

NOTHING_TRACKED = -1


class CommitsQuestion(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{"table_id": "5f3e2afc-b8ff-4a06-92c8-ee12cfdaf508", "start_version": 1}]},
    )

    table_id: str
    table_uri: str | None = None
    start_version: int = 0
    end_version: int | None = None


def routes(catalog: Catalog) -> APIRouter:
    """The question, and the refusal of commits."""
    router = APIRouter(tags=["Unity Catalog: commits"])

    @router.get(
        "/delta/preview/commits",
        summary="Commits of a table that wait for being published: never any",
        responses=example({"commits": [], "latest_table_version": -1}),
    )
    def commits(caller: Caller, body: CommitsQuestion) -> JSON:  # pyright: ignore[reportUnusedFunction]
        catalog.handouts.table(caller, body.table_id, write=False)
        return {"commits": [], "latest_table_version": NOTHING_TRACKED}

    @router.post("/delta/preview/commits", summary="Refused: tables are committed on storage", responses=example({}))
    def commit(_: Caller) -> JSON:  # pyright: ignore[reportUnusedFunction]
        raise InvalidInput(
            "This catalog coordinates no commits: its tables are committed on storage.",
            hint="Write tables without the table feature catalogManaged.",
        )

    return router
