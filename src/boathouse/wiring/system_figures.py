"""The system's own figures, joined: the data plane's counters, the runs of jobs, and the parts that are asked how they
are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock
from boathouse.foundation.home import Home
from boathouse.foundation.looping import Loop
from boathouse.jobs.workers.leases import Leases
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.monitoring.system.components import (
    of_control_plane,
    of_data_plane,
    of_database,
    of_job_workers,
    of_mlflow,
)
from boathouse.monitoring.system.endpoint_figures import EndpointFigures
from boathouse.monitoring.system.prometheus import ControlPlaneMetrics
from boathouse.monitoring.system.sampling import Sampler, Sources
from boathouse.monitoring.system.system_tables import SystemFigures
from boathouse.serving.endpoints import repository as endpoint_rows
from boathouse.serving.telemetry.nouns import WorkerCounts
from boathouse.serving.telemetry.reading import read_counts

LOOK_SECONDS = 5.0
"""How often it is looked whether a minute is over."""


@dataclass(frozen=True, slots=True)
class SystemFiguresParts:
    """What takes samples, what tells Prometheus, and what is read."""

    sampler: Sampler
    loop: Loop
    metrics: ControlPlaneMetrics
    figures: SystemFigures
    endpoints: EndpointFigures


def build_system_figures(
    home: Home, database: Database, catalog: Catalog, models: Models, clock: Clock
) -> SystemFiguresParts:
    """Join them."""

    def counts() -> Sequence[WorkerCounts]:
        return read_counts(home)

    def names() -> Mapping[str, str]:
        with database.read() as connection:
            return {each.endpoint_id: each.name for each in endpoint_rows.every(connection)}

    looks = [
        of_database(database),
        of_mlflow(lambda: models.state),
        of_control_plane,
        of_job_workers(Leases(database).all),
        of_data_plane(counts),
    ]
    sampler = Sampler(Sources(database, counts, names, looks, clock))
    loop = Loop("samples", LOOK_SECONDS, sampler.look, trouble="The system's figures could not be sampled")
    return SystemFiguresParts(
        sampler,
        loop,
        ControlPlaneMetrics(database, catalog, looks),
        SystemFigures(database, catalog),
        EndpointFigures(database, catalog, counts, clock),
    )
