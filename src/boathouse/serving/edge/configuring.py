"""What a device answers by: one endpoint with one version, that everybody on the device may ask."""

import time
from dataclasses import dataclass

from boathouse.foundation.home import Home
from boathouse.serving.edge.archives import EdgeModel
from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind
from boathouse.serving.endpoints.policy import CaptureRules, EndpointPolicy
from boathouse.serving.snapshot import files
from boathouse.serving.snapshot.nouns import KnownToken, LiveEndpoint, LiveEntity, LiveRoute, Snapshot


@dataclass(frozen=True, slots=True)
class Device:
    """A machine that answers by itself."""

    name: str
    endpoint: str
    """Under which name it answers, and into whose inference table its log goes."""
    journal_mb: int = 1024
    """How far its log may grow before it has been sent home; then the rule of a full journal holds."""


def configure(home: Home, device: Device, model: EdgeModel) -> None:
    """Write the snapshot that the device's data plane follows; one that runs takes it over without losing a request."""
    before = files.read(home)
    generation = 1 if before is None else before.generation + 1
    # The name of the model stands in the id, which is what a journal keeps of who has answered.
    entity_id = f"edge-{model.folder.parent.name[:16]}={model.name}"
    entity = LiveEntity(
        entity_id, device.endpoint, EntityKind.MODEL, model.name, model.version, str(model.folder)
    )  # fmt: skip
    endpoint = LiveEndpoint(
        endpoint_id=f"edge-{device.endpoint}",
        name=device.endpoint,
        config_version=generation,
        entities=(entity,),
        routes=(LiveRoute(entity.entity_id, 100.0, "edge"),),
        callers=frozenset(),
        policy=EndpointPolicy(capture=CaptureRules(journal_mb=device.journal_mb)),
        capture=CaptureTarget("edge", "edge", device.endpoint),
    )
    anyone = KnownToken(device.name, frozenset([device.name]), is_admin=True, expires_at=None)
    files.write(home, Snapshot(generation, time.time_ns() // 1_000_000, (endpoint,), {}, anyone))
