"""Is it alive? The one API path that answers without a token, so it tells no secrets."""

from importlib.metadata import version

from fastapi import APIRouter
from pydantic import BaseModel

from boathouse.wiring.control_plane import ControlPlane


class Health(BaseModel):
    status: str
    version: str
    parts: dict[str, str]

    model_config = {
        "json_schema_extra": {"example": {"status": "ok", "version": "0.1.0", "parts": {"mlflow": "ready"}}}
    }


def routes(plane: ControlPlane) -> APIRouter:
    router = APIRouter(tags=["health"])
    release = version("boathouse")

    @router.get("/health", summary="Whether the control plane answers, and the state of its parts")
    def health() -> Health:  # pyright: ignore[reportUnusedFunction]
        return Health(status="ok", version=release, parts=plane.parts)

    return router
