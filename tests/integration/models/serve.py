"""A control plane with nothing but the models room, for these tests: ``python serve.py HOME PORT``.

``POST /die-in`` names a method of the catalog's securables or of the room's repository; when it is called next, the
process ends as kill -9 would end it: between MLflow's database and ours.
"""

import os
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from boathouse.catalog import Catalog, LineageEdge, LineageNode, NodeKind
from boathouse.catalog.tables import Securables
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.home import Home
from boathouse.metastore import Database, DatabaseUrl
from boathouse.models.models import Models
from boathouse.models.repository import ModelRepository
from boathouse.server.authentication import AuthenticationMiddleware, Caller
from boathouse.server.errors import answer_errors
from boathouse.server.mlflow_mount import mlflow_app
from boathouse.server.routes import model_evidence, model_promotion, model_requirements
from boathouse.server.routes.models import routes
from boathouse.wiring.model_governance import build_model_governance


def build(home: Home) -> FastAPI:
    database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home)

    def environment_lock(key: str) -> str | None:
        file = home.environments / key / "requirements.lock"
        return file.read_text() if file.exists() else None

    models = Models(catalog, database, home, environment_lock=environment_lock)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    answer_errors(app)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"mlflow": models.state}

    @app.post("/lineage")
    def lineage(principal: Caller, table: str, version: int) -> None:
        """A read of a table, as a session reports it."""
        node = LineageNode(NodeKind.TABLE, table, version)
        catalog.lineage.record(principal, [LineageEdge(node, None, "READ")])

    @app.post("/die-in")
    def die_in(verb: str) -> None:
        def die(*_: object, **__: object) -> None:
            os._exit(9)

        setattr(ModelRepository if hasattr(ModelRepository, verb) else Securables, verb, die)

    governance = build_model_governance(models, database, catalog, SystemClock())
    app.include_router(routes(models))
    app.include_router(model_evidence.routes(governance))
    app.include_router(model_promotion.routes(governance))
    app.include_router(model_requirements.routes(models.requirements))
    app.mount("/", mlflow_app(models))
    app.add_middleware(AuthenticationMiddleware, authenticate=catalog.identities.authenticate)
    models.start()
    return app


if __name__ == "__main__":
    home, port = Home(Path(sys.argv[1])), int(sys.argv[2])
    uvicorn.run(build(home), host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=3)
