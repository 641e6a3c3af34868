"""Garbage collection, joined: each room says what of its own is needed."""

from boathouse.bundles import Deployments
from boathouse.care.garbage.code import DeployedCode
from boathouse.care.garbage.dropped import DroppedFolders
from boathouse.care.garbage.leftovers import Leftovers
from boathouse.care.garbage.mlflow_rows import mlflow_collectors
from boathouse.care.garbage.nouns import Collector
from boathouse.care.garbage.repository import PassRepository
from boathouse.care.garbage.service import GarbageCollection
from boathouse.care.garbage.table_files import table_collectors
from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock
from boathouse.foundation.home import Home
from boathouse.jobs.keeping.code import code_in_use
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.reproduction.service import Reproductions
from boathouse.models.unused import UnusedMlflow


def build_garbage(
    home: Home,
    database: Database,
    catalog: Catalog,
    models: Models,
    deployments: Deployments,
    reproductions: Reproductions,
    clock: Clock,
) -> GarbageCollection:
    """The collectors, in the order in which they work."""
    mlflow = UnusedMlflow(models.stores, models.repository, catalog)
    needs = [deployments.code_in_force, reproductions.code_in_use, lambda: code_in_use(database)]
    collectors: list[Collector] = [
        Leftovers(home),
        *mlflow_collectors(home, mlflow),
        *table_collectors(catalog, clock),
        DroppedFolders(home, database),
        DeployedCode(home, lambda: needs),
    ]
    return GarbageCollection(collectors, PassRepository(database), catalog, clock)
