"""The control plane's application: its own routes first, MLflow's after them, one authentication in front of all."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import Route

from boathouse.server import health, sign_in
from boathouse.server.authentication import AuthenticationMiddleware
from boathouse.server.errors import answer_errors
from boathouse.server.forwarding import FORWARDED, Forwarder
from boathouse.server.methods import METHODS, OurPathsFirst
from boathouse.server.mlflow_mount import mlflow_app
from boathouse.server.narrowing import narrowed
from boathouse.server.routes import (
    alerts,
    bundles,
    catalog,
    contracts,
    edge,
    endpoint_rollouts,
    endpoints,
    events,
    features,
    files,
    functions,
    garbage,
    impact,
    incidents,
    inference_tables,
    jobs,
    maturity,
    metrics,
    model_approvals,
    model_archives,
    model_cards,
    model_evidence,
    model_promotion,
    model_reproduction,
    model_requirements,
    model_retirement,
    model_rollback,
    models,
    monitors,
    notifications,
    online_features,
    reasons,
    retraining,
    saved_queries,
    secrets,
    session,
    starting,
    statement_exports,
    statements,
    warehouses,
    webhooks,
    workers,
)
from boathouse.server.ui import PagesRoute, UserInterface
from boathouse.session import Session
from boathouse.session.file_store import FileStore
from boathouse.wiring.control_plane import ControlPlane
from boathouse.wiring.incidents import touched_by

if TYPE_CHECKING:
    from boathouse.server.openid import OpenIdConnect

DESCRIPTION = """\
Every call carries a token: `Authorization: Bearer TOKEN`. `boathouse env` prints yours.

Errors have one shape: `{"error_code": ..., "message": ..., "request_id": ...}`."""


def create_app(plane: ControlPlane) -> FastAPI:
    """The application over the joined parts."""

    forwarder = Forwarder(plane.home)
    pages = UserInterface(plane, plane.home)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        plane.start()
        yield
        await pages.close()
        await forwarder.close()
        plane.close()

    app = FastAPIOffline(
        redoc_url=None,
        title="Boathouse",
        version=version("boathouse"),
        description=DESCRIPTION,
        lifespan=lifespan,
    )
    answer_errors(app)
    identities, changes = plane.catalog.identities, plane.serving.changes
    app.include_router(health.routes(plane))
    app.include_router(
        sign_in.routes(
            identities.authenticate,
            plane.issue_session,
            plane.end_session,
            plane.tell_of_refused_sign_in,
            plane.catalog.sign_in_links.redeem,
            _openid(plane),
        )
    )
    for router in (
        catalog.routes(plane.catalog),
        session.routes(plane.law),
        files.routes(FileStore(plane.catalog)),
        models.routes(plane.models),
        model_evidence.routes(plane.governance),
        model_promotion.routes(plane.governance),
        model_requirements.routes(plane.governance.requirements),
        model_rollback.routes(plane.rollbacks),
        model_approvals.routes(plane.models.approvals, plane.deployment_jobs, plane.governance.version),
        model_cards.routes(plane.releases),
        model_archives.routes(plane.releases),
        model_retirement.routes(plane.releases),
        garbage.routes(plane.garbage),
        model_reproduction.routes(plane.reproductions, plane.governance.version),
        jobs.routes(plane.jobs),
        starting.routes(plane.jobs, plane.background.housekeeping),
        notifications.routes(plane.destinations),
        webhooks.routes(plane.webhooks),
        events.routes(plane.catalog.events),
        alerts.routes(plane.alerting.alerts),
        reasons.routes(plane.catalog.reasons),
        incidents.routes(plane.incidents.incidents, plane.incidents.carrying_out, touched_by(plane.impacts)),
        impact.routes(plane.impacts, plane.figures),
        incidents.playbook_routes(plane.incidents.playbooks),
        maturity.routes(plane.maturities),
        retraining.routes(plane.retraining),
        metrics.routes(plane.system_figures.metrics),
        workers.routes(plane.fleet),
        bundles.routes(plane.deployments),
        features.routes(plane.feature_tables),
        online_features.routes(plane.online_registry),
        secrets.routes(plane.catalog),
        functions.routes(plane.catalog, lambda principal: Session(principal, plane.law, plane.engine)),
        statements.routes(plane.statements),
        statement_exports.routes(plane.statements),
        saved_queries.routes(plane.saved_queries),
        warehouses.routes(plane.settings),
        endpoints.routes(plane.serving.endpoints, plane.home),
        endpoint_rollouts.routes(changes.rollouts, changes.experiments, changes.shadows, changes.traffic),
        inference_tables.routes(plane.catalog),
        monitors.routes(plane.monitors, plane.catalog),
        contracts.routes(plane.contracts),
        edge.routes(plane.serving.endpoints.access, plane.serving.receiver, plane.home),
    ):
        app.include_router(narrowed(router))
    for path in FORWARDED:
        app.router.routes.append(Route(path, forwarder, methods=METHODS))
    app.router.routes.append(PagesRoute(pages))
    app.mount("/", OurPathsFirst(mlflow_app(plane.models), list(app.routes)))
    app.add_middleware(AuthenticationMiddleware, authenticate=identities.authenticate)
    return app


def _openid(plane: ControlPlane) -> "OpenIdConnect | None":
    """The provider that people sign in with, where one is configured: only then is its library loaded."""
    if not plane.settings.oidc_issuer:
        return None
    from boathouse.server.openid import OpenIdConnect

    return OpenIdConnect(plane.settings, plane.admit_person)
