"""The parts of the room, joined: what the gatekeeper and the verbs stand on."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from boathouse.foundation.clock import Clock, SystemClock
from boathouse.foundation.home import Home
from boathouse.metastore import Database
from boathouse.models.approval.joining import join_approvals
from boathouse.models.experiments import Experiments
from boathouse.models.gates.checking import checking_with
from boathouse.models.intents import Intents
from boathouse.models.loading import Loads
from boathouse.models.mlflow_server import MlflowServer, MlflowSettings
from boathouse.models.policy.call import Call
from boathouse.models.provenance import Provenance
from boathouse.models.reconcile import Reconciliation
from boathouse.models.registry import Registry
from boathouse.models.repository import ModelRepository
from boathouse.models.requirements.book import RequirementsBook
from boathouse.models.requirements.repository import RequirementsRepository
from boathouse.models.runs import EnvironmentLock, TaskRuns
from boathouse.models.stores import MlflowStores
from boathouse.models.telling import telling_of_versions
from boathouse.models.version_files import VersionFiles

if TYPE_CHECKING:
    from boathouse.catalog import Catalog
    from boathouse.models.deployment.starting import DeploymentJobs


class ModelParts:
    """MLflow's server and stores, and what keeps them in step with the catalog."""

    def __init__(
        self,
        catalog: "Catalog",
        database: Database,
        home: Home,
        *,
        settings: MlflowSettings | None = None,
        clock: Clock | None = None,
        environment_lock: EnvironmentLock = lambda _: None,
    ) -> None:
        clock = clock or SystemClock()
        settings = settings or MlflowSettings.of_home(home)
        self.catalog = catalog
        self.server = MlflowServer(settings)
        self.stores = MlflowStores(settings)
        repository = ModelRepository(database)
        self.repository = repository
        self.files = VersionFiles(self.stores, database, settings.artifacts)
        self.intents = Intents(repository, clock)
        self.provenance = Provenance(self.stores, catalog, repository)
        self.loads = Loads(catalog, repository)
        self.experiments = Experiments(self.stores, catalog, self.intents)
        self.registry = Registry(self.stores, catalog, self.intents, repository, self.provenance, clock)
        self.task_runs = TaskRuns(
            self.stores, catalog, repository, self.provenance, clock, settings.artifacts, environment_lock
        )
        self.reconciliation = Reconciliation(
            self.stores, catalog, repository, self.experiments, self.registry, self.intents, self.provenance, clock
        )
        self.provenance.tell(telling_of_versions(clock))
        requirements = RequirementsRepository(database, clock)
        self.provenance.follow(requirements)
        self.requirements = RequirementsBook(catalog, database, clock, requirements, checking_with(catalog))
        self.approvals, self.approval_tags = join_approvals(
            catalog,
            database,
            clock,
            self.stores,
            repository,
            self.provenance,
            self.requirements.deployed,
            self.requirements.asked_since,
        )
        self.deployment_jobs: DeploymentJobs | None = None
        """Where there are jobs, the wiring brings them."""
        catalog.lineage.subscribe(self.task_runs.observe)
        catalog.lineage.subscribe(self.provenance.features_taken)

    @contextmanager
    def flask_request(self, call: Call) -> Generator[None]:
        """Make a call the current request of MLflow's Flask application, for code of MLflow that looks at it."""
        query = urlencode(call.query, doseq=True)
        flask: Any = self.server.apps().wsgi
        with flask.test_request_context(call.path, method=call.method, query_string=query, json=call.body or None):
            yield
