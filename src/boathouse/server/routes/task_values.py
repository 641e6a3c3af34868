"""Values that a task leaves for others, set and read with the task's own token."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from boathouse.foundation.context import current_request
from boathouse.foundation.shapes import Shape, fit
from boathouse.jobs.service import Jobs
from boathouse.server.authentication import Caller


class ValueGiven(Shape):
    key: str
    value: Any


def routes(jobs: Jobs) -> APIRouter:
    """Set and get, below ``/api/boathouse/v1/jobs``."""
    router = APIRouter()
    example: dict[str, Any] = {"key": "rows", "value": 10}
    answer: dict[int | str, Any] = {200: {"content": {"application/json": {"example": {"value": 10}}}}}

    @router.put("/task-values", summary="Leave a value for other tasks of the run")
    def put(caller: Caller, body: Annotated[dict[str, Any], Body(examples=[example])]) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        given = fit(ValueGiven, body, what="The request")
        jobs.set_task_value(caller, current_request().task, given.key, given.value)
        return {}

    @router.get("/task-values", summary="Read what another task of the run has left", responses=answer)
    def get(caller: Caller, task_key: str, key: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return {"value": jobs.get_task_value(caller, current_request().task, task_key, key)}

    return router
