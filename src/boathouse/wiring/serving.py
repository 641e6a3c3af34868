"""Serving, as the control plane knows it: endpoints, and the snapshot that the data plane answers by."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from boathouse.features.online.registry.service import LocalOnlineRegistry
from boathouse.foundation.clock import Clock
from boathouse.foundation.home import Home
from boathouse.foundation.looping import Loop
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.baselines import Baselines
from boathouse.serving.edge.receiving import Receiver
from boathouse.serving.endpoints.asking import require_unasked
from boathouse.serving.endpoints.service import Endpoints
from boathouse.serving.looking.now import EndpointsNow
from boathouse.serving.looking.questions import Questions
from boathouse.serving.looking.requests import Requests
from boathouse.serving.preparing.opening import Opening, Parts, Passwords
from boathouse.serving.preparing.resolving import Resolving
from boathouse.serving.preparing.writing import LOOK_SECONDS, Place, SnapshotWriter
from boathouse.serving.skew.reports import SkewReports
from boathouse.wiring.rollouts import Around, Changes, build_rollouts


@dataclass(frozen=True, slots=True)
class Looking:
    """What people see of endpoints, and ask them by hand."""

    now: EndpointsNow
    questions: Questions
    requests: Requests
    skew: SkewReports


@dataclass(frozen=True, slots=True)
class Serving:
    """The control plane's part of serving."""

    endpoints: Endpoints
    changes: Changes
    writer: SnapshotWriter
    loops: tuple[Loop, ...]
    receiver: Receiver
    looking: Looking

    def start(self) -> None:
        for loop in self.loops:
            loop.start()

    def stop(self) -> None:
        for loop in self.loops:
            loop.stop()


def build_serving(home: Home, database: Database, around: Around, online: LocalOnlineRegistry, clock: Clock) -> Serving:
    """The verbs on endpoints, and the loop that keeps the snapshot."""
    catalog, models = around.catalog, around.models
    endpoints = Endpoints(catalog, clock)
    models.registry.keep_for(partial(require_unasked, database))
    changes = build_rollouts(home, endpoints, around, clock)
    parts = Parts(catalog, models, online, Baselines(models.stores, database, models.files), Passwords(online.secret))

    def resolving() -> Resolving:
        return Resolving(endpoints.access, models, Opening(parts), changes.rollouts)

    writer = SnapshotWriter(Place(catalog, home, clock), resolving)
    looking = Loop("snapshot", LOOK_SECONDS, writer.look, trouble="The snapshot of endpoints could not be written")
    receiver = Receiver(home, lambda name, version: _folder(models, name, version))
    seen = Looking(
        EndpointsNow(endpoints, home),
        Questions(home),
        Requests(catalog, around.session_of, home, clock),
        SkewReports(around.session_of),
    )
    return Serving(endpoints, changes, writer, (looking, *changes.loops), receiver, seen)


def _folder(models: Models, name: str, version: int) -> Path | None:
    return models.files.folder(name, version) if models.repository.has_version(name, version) else None
