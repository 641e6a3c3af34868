"""Serving, as the control plane knows it: endpoints, and the snapshot that the data plane answers by."""

from dataclasses import dataclass

from boathouse.catalog import Catalog
from boathouse.features.online.registry.service import LocalOnlineRegistry
from boathouse.foundation.clock import Clock
from boathouse.foundation.home import Home
from boathouse.foundation.looping import Loop
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.baselines import Baselines
from boathouse.serving.endpoints.service import Endpoints
from boathouse.serving.preparing.opening import Opening, Parts, Passwords
from boathouse.serving.preparing.resolving import AtOnce, Resolving, Rollouts
from boathouse.serving.preparing.writing import LOOK_SECONDS, Place, SnapshotWriter


@dataclass(frozen=True, slots=True)
class Serving:
    """The control plane's part of serving."""

    endpoints: Endpoints
    writer: SnapshotWriter
    loops: tuple[Loop, ...]

    def start(self) -> None:
        for loop in self.loops:
            loop.start()

    def stop(self) -> None:
        for loop in self.loops:
            loop.stop()


def build_serving(
    home: Home, database: Database, catalog: Catalog, models: Models, online: LocalOnlineRegistry, clock: Clock
) -> Serving:
    """The verbs on endpoints, and the loop that keeps the snapshot."""
    endpoints = Endpoints(catalog, clock)
    parts = Parts(catalog, models, online, Baselines(models.stores, database, models.files), Passwords(online.secret))
    rollouts: Rollouts = AtOnce()

    def resolving() -> Resolving:
        return Resolving(endpoints.access, models, Opening(parts), rollouts)

    writer = SnapshotWriter(Place(catalog, home, clock), resolving)
    looking = Loop("snapshot", LOOK_SECONDS, writer.look, trouble="The snapshot of endpoints could not be written")
    return Serving(endpoints, writer, (looking,))
