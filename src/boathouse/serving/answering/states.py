"""How the endpoints are in one worker, told to other processes by a small file, replaced when something changes."""

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from boathouse.foundation.home import Home
from boathouse.serving.fallback.ladder import Fallen
from boathouse.serving.snapshot.nouns import LiveEndpoint

_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class LastFall:
    """The last answer that came from a rung below."""

    rung: str
    why: str
    at: int
    """Milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class EndpointState:
    """One endpoint in one worker."""

    endpoint_id: str
    name: str
    config_version: int
    """Of what answers now."""
    wanted_config_version: int
    """Of what should answer."""
    is_ready: bool
    versions: tuple[str, ...]
    """Who answers: ``catalog.schema.model@3``."""
    why: str | None = None
    """What is missing, or why not what should answer does."""
    last_fall: LastFall | None = None


class States:
    """The states of one worker, and their file."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._file = folder / f"{worker}{_SUFFIX}"
        self.current: dict[str, EndpointState] = {}
        self._is_changed = True

    def put(self, wanted: LiveEndpoint, live: LiveEndpoint, why: str | None) -> None:
        before = self.current.get(wanted.name)
        now = EndpointState(
            wanted.endpoint_id, wanted.name, live.config_version, wanted.config_version, bool(live.routes),
            _versions(live), why or live.why, before.last_fall if before else None,
        )  # fmt: skip
        if now != before:
            self.current[wanted.name] = now
            self._is_changed = True

    def keep(self, names: Iterable[str]) -> None:
        kept = set(names)
        for name in [name for name in self.current if name not in kept]:
            del self.current[name]
            self._is_changed = True

    def fell(self, endpoint: LiveEndpoint, fallen: Fallen) -> None:
        state = self.current.get(endpoint.name)
        if state is not None:
            fall = LastFall(fallen.rung, fallen.why, time.time_ns() // 1_000_000)
            self.current[endpoint.name] = replace(state, last_fall=fall)
            self._is_changed = True

    def write(self) -> None:
        """Tell others, if something is different."""
        if not self._is_changed:
            return
        self._is_changed = False
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps([asdict(state) for state in self.current.values()]))
        beside.replace(self._file)

    def close(self) -> None:
        with suppress(FileNotFoundError):
            self._file.unlink()


def read_states(home: Home, worker: str) -> list[EndpointState]:
    """How the endpoints are in a worker; empty when it says nothing.

    Args:
        worker: ``<pid>-<started at>``, as in ``telemetry.reading``.
    """
    try:
        found: list[dict[str, Any]] = json.loads((home.serving / "states" / f"{worker}{_SUFFIX}").read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return []
    return [_state(each) for each in found]


def _state(data: dict[str, Any]) -> EndpointState:
    fall = data.pop("last_fall", None)
    versions = tuple(data.pop("versions"))
    return EndpointState(**data, versions=versions, last_fall=LastFall(**fall) if fall else None)


def _versions(endpoint: LiveEndpoint) -> tuple[str, ...]:
    entities = {each.entity_id: each for each in endpoint.entities}
    shown = (entities[route.entity_id] for route in endpoint.routes)
    return tuple(
        dict.fromkeys(each.entity if each.version is None else f"{each.entity}@{each.version}" for each in shown)
    )
