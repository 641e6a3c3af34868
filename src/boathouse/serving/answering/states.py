"""How the endpoints are in one worker, told to other processes by a small file, replaced when something changes."""

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from boathouse.foundation.home import Home
from boathouse.serving.endpoints.worker_state import EndpointState, LastFall
from boathouse.serving.fallback.ladder import Fallen, without_values
from boathouse.serving.snapshot.nouns import LiveEndpoint
from boathouse.serving.telemetry.reading import counted_workers, living_workers

_SUFFIX = ".json"


class States:
    """The states of one worker, and their file."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._file = folder / f"{worker}{_SUFFIX}"
        self.current: dict[str, EndpointState] = {}
        self._is_changed = True
        self._has_fallen = False

    def put(
        self, wanted: LiveEndpoint, live: LiveEndpoint, why: str | None, lacking: Mapping[str, str | None]
    ) -> None:  # fmt: skip
        before = self.current.get(wanted.name)
        now = EndpointState(
            wanted.endpoint_id, wanted.name, live.config_version, wanted.config_version, bool(live.routes),
            _versions(live), why or live.why, before.last_fall if before else None,
            tuple(route.entity_id for route in live.routes), lacking,
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
            why = without_values(fallen.why) if endpoint.masked_columns else fallen.why
            fall = LastFall(fallen.rung, why, time.time_ns() // 1_000_000)
            self.current[endpoint.name] = replace(state, last_fall=fall)
            self._has_fallen = True

    def write(self, *, with_falls: bool = True) -> None:
        """Tell others, if something is different.

        Args:
            with_falls: Whether a fall is worth telling: there may be many of them in a second.
        """
        if not (self._is_changed or (self._has_fallen and with_falls)):
            return
        self._is_changed = self._has_fallen = False
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps([asdict(state) for state in self.current.values()]))
        beside.replace(self._file)

    def close(self) -> None:
        with suppress(FileNotFoundError):
            self._file.unlink()


def states_folder(home: Home) -> Path:
    return home.serving / "states"


def read_states(home: Home, worker: str) -> list[EndpointState]:
    """How the endpoints are in a worker; empty when it says nothing.

    Args:
        worker: ``<pid>-<started at>``, as in ``telemetry.reading``.
    """
    return _read(home, worker) or []


def read_workers(home: Home) -> list[dict[str, EndpointState]]:
    """Of each worker that lives and takes requests: its endpoints, by id. One that still loads what it begins with
    takes none, and says nothing yet."""
    told = [_read(home, worker) for worker in living_workers(home)]
    return [{state.endpoint_id: state for state in states} for states in told if states is not None]


def forget_uncounted(home: Home) -> None:
    """Remove what workers have said of which there are no counts any more."""
    kept = set(counted_workers(home))
    for file in states_folder(home).glob(f"*{_SUFFIX}"):
        if file.stem not in kept:
            file.unlink(missing_ok=True)


def _read(home: Home, worker: str) -> list[EndpointState] | None:
    try:
        found: list[dict[str, Any]] = json.loads((states_folder(home) / f"{worker}{_SUFFIX}").read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return [_state(each) for each in found]


def _state(data: dict[str, Any]) -> EndpointState:
    fall = data.pop("last_fall", None)
    data |= {name: tuple(data[name]) for name in ("versions", "entity_ids")}
    return EndpointState(**data, last_fall=LastFall(**fall) if fall else None)


def _versions(endpoint: LiveEndpoint) -> tuple[str, ...]:
    entities = {each.entity_id: each for each in endpoint.entities}
    shown = (entities[route.entity_id] for route in endpoint.routes)
    return tuple(
        dict.fromkeys(each.entity if each.version is None else f"{each.entity}@{each.version}" for each in shown)
    )
