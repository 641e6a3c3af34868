"""The control plane's figures for Prometheus; those of endpoints are told by the data plane at the same path."""

from fastapi import APIRouter, Response

from boathouse.monitoring.system.prometheus import ControlPlaneMetrics
from boathouse.server.authentication import Caller

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def routes(metrics: ControlPlaneMetrics) -> APIRouter:
    """The one route."""
    router = APIRouter(tags=["metrics"])

    @router.get("/metrics", summary="Jobs and parts, as Prometheus reads them", response_class=Response)
    def text(caller: Caller) -> Response:  # pyright: ignore[reportUnusedFunction]
        return Response(metrics.text(caller), media_type=CONTENT_TYPE)

    return router
