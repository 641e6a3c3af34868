"""The recorder's parts, joined."""

import gc
import logging
import time
from dataclasses import dataclass
from threading import Event

from boathouse.catalog import Catalog
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.errors import Conflict
from boathouse.foundation.home import Home
from boathouse.foundation.settings import Settings
from boathouse.lake import DuckDBEngine, DuckDBSettings
from boathouse.metastore import wait_until_migrated
from boathouse.serving.capture.building import Builder
from boathouse.serving.capture.contexts import KnownEndpoint
from boathouse.serving.capture.inference_tables import InferenceTables
from boathouse.serving.capture.masking import masks_of
from boathouse.serving.capture.model_facts import KnownModels
from boathouse.serving.capture.recording import Recorder, Round
from boathouse.serving.capture.troubles import CaptureTroubles
from boathouse.serving.snapshot import files
from boathouse.session import LocalLaw, Session
from boathouse.wiring.databases import boathouse_database
from boathouse.wiring.secret_keys import secret_keys
from boathouse.wiring.supervisor import try_lock

log = logging.getLogger(__name__)

_LAST_ROUNDS_SECONDS = 8.0
"""How long a recorder that is stopped goes on with what is there."""
_PAUSE_AFTER_ERROR_SECONDS = 5.0


@dataclass(slots=True)
class RecorderProcess:
    """Rounds of the recorder, until it is told to stop."""

    home: Home
    recorder: Recorder
    troubles: CaptureTroubles
    seconds: float
    stopping: Event

    def run_forever(self) -> None:
        """Look every few seconds; take in all there is before the end.

        Raises:
            Conflict: There is a recorder in this home already.
        """
        self.home.serving.mkdir(parents=True, exist_ok=True)
        with (self.home.serving / "recorder.lock").open("a") as file:
            if not try_lock(file):
                raise Conflict(f"There is a recorder in {self.home.root} already.")
            while not self.stopping.wait(self.seconds):
                self._look()
            self._finish()

    def _look(self) -> None:
        try:
            while self._round().is_full and not self.stopping.is_set():
                pass
            self.troubles.watch(self.home.journals)
        except Exception:
            log.exception("The journals could not be read; trying again.")
            self.stopping.wait(_PAUSE_AFTER_ERROR_SECONDS)

    def _finish(self) -> None:
        end = time.monotonic() + _LAST_ROUNDS_SECONDS
        while time.monotonic() < end and self._round().is_full:
            pass

    def _round(self) -> Round:
        """One round; many small things that live to its end are not worth looking through for garbage meanwhile."""
        gc.disable()
        try:
            return self.recorder.round()
        finally:
            gc.enable()


def build_recorder(home: Home, settings: Settings, stopping: Event) -> RecorderProcess:
    """A recorder over the databases; waits until the control plane has migrated them."""
    clock = SystemClock()
    database = boathouse_database(home, settings)
    wait_until_migrated(database)
    catalog = Catalog(database, home, clock, secret_keys=secret_keys(settings))
    law, engine = LocalLaw(catalog), DuckDBEngine(DuckDBSettings(memory_limit="256MB"))
    tables = InferenceTables(catalog, lambda principal: Session(principal, law, engine), clock)
    troubles = CaptureTroubles(database, clock)
    recorder = Recorder(
        home,
        tables,
        Builder(KnownModels(), masks_of(home.masking_key_file)),
        troubles,
        unknown=lambda endpoint_id: _known(home, endpoint_id),
    )
    return RecorderProcess(home, recorder, troubles, settings.capture_seconds, stopping)


def _known(home: Home, endpoint_id: str) -> KnownEndpoint | None:
    """An endpoint as the snapshot in force has it."""
    snapshot = files.read(home)
    found = [each for each in snapshot.endpoints if each.endpoint_id == endpoint_id] if snapshot else []
    return KnownEndpoint.of(found[0]) if found else None
