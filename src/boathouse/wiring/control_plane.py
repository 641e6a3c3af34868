"""The control plane's parts, joined."""

import gc
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from boathouse.bundles import Deployments
from boathouse.bundles.kinds import ALERT_RULES, CONTRACTS, MONITORS, PLAYBOOKS
from boathouse.bundles.resources.alerts import BundleAlerts
from boathouse.bundles.resources.contracts import BundleContracts
from boathouse.bundles.resources.monitors import BundleMonitors
from boathouse.bundles.resources.playbooks import BundlePlaybooks
from boathouse.care.garbage.service import GarbageCollection
from boathouse.catalog import Catalog, SecurableKind
from boathouse.environments import Environments
from boathouse.features.inventory.listing import FeatureTables
from boathouse.features.online.registry.service import LocalOnlineRegistry
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.errors import Unauthenticated
from boathouse.foundation.home import Home
from boathouse.foundation.looping import Loop
from boathouse.foundation.principals import UNKNOWN, Principal
from boathouse.foundation.settings import Settings
from boathouse.jobs import Jobs
from boathouse.jobs.workers.fleet import Fleet
from boathouse.lake import DuckDBEngine, DuckDBSettings, Engine
from boathouse.metastore import Database, migrate
from boathouse.models import MlflowSettings, Models
from boathouse.models.deployment.starting import DeploymentJobs
from boathouse.models.reproduction.service import Reproductions
from boathouse.models.rollback.rolling_back import Rollbacks
from boathouse.monitoring.impact.behind import Figures
from boathouse.monitoring.impact.touched import Impacts
from boathouse.monitoring.monitors.service import Monitors
from boathouse.monitoring.production.models import Production
from boathouse.monitoring.production.surroundings import Surroundings
from boathouse.monitoring.production.troubles import Troubles, Watched
from boathouse.monitoring.readings.service import Readings
from boathouse.monitoring.retraining.loop import Retraining
from boathouse.notifications.destinations import Destinations
from boathouse.notifications.webhooks.webhooks import Webhooks
from boathouse.quality.contracts.service import Contracts
from boathouse.session import LocalLaw
from boathouse.session.saved_queries.service import SavedQueries
from boathouse.session.statements.service import Statements
from boathouse.wiring.alerts import Alerting, build_alerting
from boathouse.wiring.background import Background, SecretsSafe, build_background
from boathouse.wiring.databases import boathouse_database, mlflow_url
from boathouse.wiring.deployment_jobs import DeploymentLoop, build_deployment_jobs
from boathouse.wiring.describing import tell_of_models_and_jobs
from boathouse.wiring.first_start import ensure_admin
from boathouse.wiring.garbage import build_garbage
from boathouse.wiring.incidents import Hands, IncidentRoom, build_incidents
from boathouse.wiring.maturity import Maturities, build_maturities
from boathouse.wiring.maturity_reports import MaturityReports
from boathouse.wiring.mlflow_webhooks import webhook_key
from boathouse.wiring.model_governance import ModelGovernance, build_model_governance
from boathouse.wiring.model_releases import ModelReleases, build_releases
from boathouse.wiring.monitors import build_monitors
from boathouse.wiring.reproducing import build_reproductions
from boathouse.wiring.retraining import build_retraining
from boathouse.wiring.rollbacks import build_rollbacks
from boathouse.wiring.rollouts import Around, sessions_of
from boathouse.wiring.secret_keys import secret_keys
from boathouse.wiring.serving import Serving, build_serving
from boathouse.wiring.statements import build_statements, query_pool
from boathouse.wiring.system_figures import SystemFiguresParts, build_system_figures
from boathouse.wiring.system_tables import system_tables


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """Everything the control plane's doors call."""

    home: Home
    settings: Settings
    database: Database
    catalog: Catalog
    law: LocalLaw
    models: Models
    governance: ModelGovernance
    releases: ModelReleases
    rollbacks: Rollbacks
    deployment_jobs: DeploymentJobs
    deployment_loop: DeploymentLoop
    jobs: Jobs
    deployments: Deployments
    reproductions: Reproductions
    garbage: GarbageCollection
    online_registry: LocalOnlineRegistry
    feature_tables: FeatureTables
    fleet: Fleet
    destinations: Destinations
    webhooks: Webhooks
    maturities: Maturities
    alerting: Alerting
    incidents: IncidentRoom
    impacts: Impacts
    figures: Figures
    readings: Readings
    retraining: Retraining
    retraining_loop: Loop
    system_figures: SystemFiguresParts
    statements: Statements
    saved_queries: SavedQueries
    serving: Serving
    monitors: Monitors
    monitor_loop: Loop
    production: Production
    surroundings: Surroundings
    troubles: Troubles
    contracts: Contracts
    engine: Engine
    """To try what is to be created; no data passes through it."""
    background: Background

    def start(self) -> None:
        """Begin what goes on in the background."""
        self.models.start(when_loaded=self._loaded)
        self.background.start()
        self.deployment_loop.start()
        self.retraining_loop.start()
        self.system_figures.loop.start()
        self.serving.start()
        self.alerting.start()
        self.incidents.start()
        self.monitor_loop.start()
        self.statements.start(lambda told: query_pool(told, self.home, self.settings))

    def _loaded(self) -> None:
        self.releases.settle()
        keep_what_is_loaded()

    @property
    def parts(self) -> dict[str, str]:
        """The state of each part, for the health answer."""
        return parts_of(self.models)

    def issue_session(self, principal: Principal, seconds: int) -> str:
        """A short-lived token for a browser."""
        return self.catalog.identities.issue_token(
            principal, principal.name, lifetime_seconds=seconds, comment="browser session"
        ).secret

    def end_session(self, secret: str) -> None:
        """Make a browser's token useless; one that already is stays so."""
        with suppress(Unauthenticated):
            known = self.catalog.identities.authenticate(secret)
            self.catalog.identities.revoke_token(known.principal, known.token_id)

    def tell_of_refused_sign_in(self, error: Unauthenticated) -> None:
        """Write down that somebody was not let in."""
        self.catalog.audit.record(UNKNOWN, "identities", "signIn", status_code=401, error=error.message)

    def admit_person(self, name: str) -> Principal:
        """The user whom the OpenID Connect provider vouches for."""
        return self.catalog.identities.person(name, create=self.settings.oidc_create_users)

    def close(self) -> None:
        self.statements.close()
        self.incidents.stop()
        self.alerting.stop()
        self.monitor_loop.stop()
        self.serving.stop()
        self.system_figures.loop.stop()
        self.retraining_loop.stop()
        self.deployment_loop.stop()
        self.background.stop()
        self.database.dispose()


def parts_of(models: Models) -> dict[str, str]:
    """The state of each part of the control plane."""
    return {"catalog": "ready", "mlflow": models.state}


def keep_what_is_loaded() -> None:
    """Take what a start has loaded (most of it MLflow) out of every later garbage collection: each full one would look
    through all of it, and stop every request meanwhile for some 50 ms."""
    gc.collect()
    gc.freeze()


def build_control_plane(home: Home, settings: Settings) -> ControlPlane:
    """Bring the database to this release's schema, make what a first start makes, and join the parts."""
    home.create()
    clock = SystemClock()
    database = boathouse_database(home, settings)
    migrate(database)
    catalog = Catalog(database, home, clock, secret_keys=secret_keys(settings))
    ensure_admin(home, catalog)
    mlflow = MlflowSettings(
        mlflow_url(home, settings), home.artifacts, webhook_key=lambda: webhook_key(SecretsSafe(catalog))
    )
    environments = Environments(home)
    models = Models(
        catalog, database, home, settings=mlflow, clock=clock, environment_lock=environments.environment_lock
    )
    jobs = Jobs(database, catalog, home, clock)
    jobs.reconcile()
    tell_of_models_and_jobs(catalog, models, jobs)
    deployments = Deployments(database, catalog, jobs, models, home, clock)
    reproductions = build_reproductions(database, models, jobs, clock, environments.environment_lock, home)
    deployments.keep_code(reproductions.code_in_use)
    fleet = Fleet(database, catalog)
    online_registry = LocalOnlineRegistry(catalog)
    catalog.securables.keep_for(online_registry.require_unpublished)
    feature_tables = FeatureTables(catalog, clock, online_registry.publications)
    catalog.describing.ask(SecurableKind.TABLE, feature_tables.told)
    governance = build_model_governance(models, database, catalog, clock)
    deployment_jobs, deployment_loop = build_deployment_jobs(database, catalog, models, jobs, clock)
    background, destinations, webhooks = build_background(home, settings, database, catalog, clock)
    law = LocalLaw(catalog, reproductions.diversions.table, system_tables=system_tables(database, catalog))
    engine = DuckDBEngine(DuckDBSettings(memory_limit="256MB"))
    rollbacks = build_rollbacks(home, database, catalog, models, governance.evidence, clock)
    around = Around(catalog, models, governance.evidence, rollbacks, sessions_of(law, engine))
    alerting = build_alerting(catalog, around.session_of, clock)
    monitors, monitor_loop = build_monitors(catalog, jobs, clock)
    watching = BundleMonitors(catalog, monitors)
    contracts = Contracts(catalog, clock)
    promising = BundleContracts(catalog, contracts)
    deployments.take(
        {MONITORS: watching, CONTRACTS: promising}, {MONITORS: watching.remarks, CONTRACTS: promising.remarks}
    )
    serving = build_serving(home, database, around, online_registry, clock)
    retraining, retraining_loop = build_retraining(
        database, catalog, models, governance.decisions, jobs, around.session_of, clock
    )
    hands = Hands(catalog, models, rollbacks, serving.endpoints, jobs, clock, retraining)
    incidents = build_incidents(hands)
    parts = partial(parts_of, models)
    watched = Watched(incidents.incidents, alerting.alerts, serving.endpoints, monitors, fleet, parts)
    deployments.take({ALERT_RULES: BundleAlerts(alerting.alerts), PLAYBOOKS: BundlePlaybooks(incidents.playbooks)})
    return ControlPlane(
        home=home,
        settings=settings,
        database=database,
        catalog=catalog,
        law=law,
        models=models,
        governance=governance,
        releases=build_releases(home, catalog, database, models, governance, jobs, clock),
        rollbacks=rollbacks,
        deployment_jobs=deployment_jobs,
        deployment_loop=deployment_loop,
        jobs=jobs,
        deployments=deployments,
        reproductions=reproductions,
        garbage=build_garbage(home, database, catalog, models, deployments, reproductions, clock),
        online_registry=online_registry,
        feature_tables=feature_tables,
        fleet=fleet,
        destinations=destinations,
        webhooks=webhooks,
        alerting=alerting,
        incidents=incidents,
        impacts=Impacts(catalog, around.session_of),
        figures=Figures(catalog, around.session_of),
        readings=Readings(catalog, around.session_of),
        maturities=build_maturities(database, catalog, models, MaturityReports(database, models).reporters()),
        retraining=retraining,
        retraining_loop=retraining_loop,
        system_figures=build_system_figures(home, database, catalog, models, clock),
        background=background,
        statements=build_statements(database, catalog, home, clock),
        saved_queries=SavedQueries(database, catalog, clock),
        serving=serving,
        monitors=monitors,
        monitor_loop=monitor_loop,
        production=Production(catalog, models, serving.endpoints, home, clock),
        surroundings=Surroundings(catalog, serving.endpoints),
        troubles=Troubles(home, watched),
        contracts=contracts,
        engine=engine,
    )
