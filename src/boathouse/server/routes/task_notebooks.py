"""Notebooks as tasks have left them: with what their cells gave out."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from boathouse.jobs.service import Jobs
from boathouse.server.authentication import Caller

_TYPE = "application/x-ipynb+json"


def routes(jobs: Jobs) -> APIRouter:
    """Download, below ``/api/boathouse/v1/jobs``."""
    router = APIRouter()
    answer: dict[int | str, Any] = {200: {"content": {_TYPE: {"example": {"cells": [], "nbformat": 4}}}}}

    @router.get(
        "/runs/{run_id}/notebook",
        summary="A notebook with what its cells gave out",
        response_class=FileResponse,
        responses=answer,
    )
    def notebook(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        run_id: int,
        task_key: str | None = None,
        attempt: Annotated[int | None, Query(ge=0)] = None,
    ) -> FileResponse:
        file = jobs.executed_notebook(caller, run_id, task_key, attempt=attempt)
        return FileResponse(file, media_type=_TYPE, filename=f"run-{run_id}.ipynb")

    return router
