"""What is not all right, from what the rooms say."""

from pathlib import Path
from types import SimpleNamespace as Some
from typing import Any

import pytest

from boathouse.foundation.errors import Denied
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.monitoring.alerts.nouns import Series
from boathouse.monitoring.alerts.rules import Severity
from boathouse.monitoring.production import troubles
from boathouse.monitoring.production.troubles import Troubles, Watched
from boathouse.serving.endpoints.nouns import ReadyState
from boathouse.serving.endpoints.progress import ConfigUpdate


class Rooms:
    """Everything is all right, until a test says otherwise."""

    def __init__(self) -> None:
        self.parts = {"mlflow": "ready"}
        self.workers: list[Any] = [Some(is_alive=True)]
        self.incidents: list[Any] = []
        self.alerts: list[Any] = []
        self.endpoints: list[tuple[str, Any]] = []
        self.monitors: list[Any] = []
        self.may_see_workers = True

    def watched(self) -> Watched:
        def workers(_: object) -> list[Any]:
            if not self.may_see_workers:
                raise Denied("no")
            return self.workers

        made: dict[str, Any] = {
            "incidents": Some(list=lambda *_, **__: self.incidents),
            "alerts": Some(firing=lambda _: self.alerts),
            "endpoints": Some(
                list=lambda _: [Some(name=name) for name, _ in self.endpoints],
                situations=lambda *_, **__: [Some(progress=each) for _, each in self.endpoints],
            ),
            "monitors": Some(failing=lambda _: self.monitors),
            "fleet": Some(workers=workers),
        }
        return Watched(**made, parts=lambda: self.parts)


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> Rooms:
    monkeypatch.setattr(troubles, "read_workers", lambda _: [{}])
    return Rooms()


def told(rooms: Rooms, tmp_path: Path) -> list[tuple[str, str, str]]:
    found = Troubles(Home(tmp_path), rooms.watched()).now(SYSTEM)
    return [(each.kind.value, each.severity, each.text) for each in found]


def progress(ready: ReadyState, why: str | None = None, update: ConfigUpdate = ConfigUpdate.NOT_UPDATING) -> Any:
    return Some(ready=ready, why=why, update=update)


def incident(number: int, severity: Severity, opened_at: int) -> Any:
    return Some(number=number, title="odd", subject="a.b.c", severity=severity, owner="ada", opened_at=opened_at)


def alert(*incidents: int | None, silence: object = None) -> Any:
    firings = [
        Some(
            series=Series.of({"column": "wind"}), why="3 is above 2", severity=Severity.WARNING, fired_at=5, incident=n
        )
        for n in incidents
    ]
    about = Some(name="a.b.late", owner="ada", rule=Some(subject="a.b.c"))
    return Some(alert=about, open=tuple(firings), silence=silence)


def test_nothing_is_wrong(rooms: Rooms, tmp_path: Path) -> None:
    rooms.endpoints = [("delays", progress(ReadyState.READY))]

    assert told(rooms, tmp_path) == []


def test_the_worst_comes_first_and_of_equals_the_latest(rooms: Rooms, tmp_path: Path) -> None:
    rooms.incidents = [incident(1, Severity.WARNING, 10), incident(2, Severity.CRITICAL, 5)]
    rooms.alerts = [alert(None, None)]

    assert told(rooms, tmp_path) == [
        ("incident", "critical", "Incident 2 is open: odd (a.b.c), with ada."),
        ("incident", "warning", "Incident 1 is open: odd (a.b.c), with ada."),
        ("alert", "warning", "The alert a.b.late fires: wind: 3 is above 2 (and 1 more). ada owns it."),
    ]


def test_an_alert_of_an_incident_or_one_that_is_silenced_is_not_told_again(rooms: Rooms, tmp_path: Path) -> None:
    rooms.alerts = [alert(7), alert(None, silence="until tomorrow")]

    assert told(rooms, tmp_path) == []


def test_endpoints_that_fail_for_the_same_reason_are_one_trouble(rooms: Rooms, tmp_path: Path) -> None:
    down = progress(ReadyState.NOT_READY, "the store is down")
    behind = progress(ReadyState.READY, "it does not load", ConfigUpdate.UPDATE_FAILED)
    rooms.endpoints = [("a", down), ("b", down), ("c", behind), ("d", progress(ReadyState.READY))]

    assert told(rooms, tmp_path) == [
        ("endpoint", "critical", "a, b do not answer: the store is down"),
        ("endpoint", "warning", "c does not take its configuration: it does not load"),
    ]


def test_without_a_data_plane_that_alone_is_told(rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(troubles, "read_workers", lambda _: [])
    rooms.endpoints = [("a", progress(ReadyState.NOT_READY)), ("b", progress(ReadyState.NOT_READY))]

    assert told(rooms, tmp_path) == [("endpoint", "critical", "2 endpoints do not answer: no data plane runs here.")]


def test_the_parts_of_the_server_count(rooms: Rooms, tmp_path: Path) -> None:
    rooms.parts, rooms.workers = {"mlflow": "failed: no disk", "catalog": "starting"}, [Some(is_alive=False)]
    rooms.monitors = [Some(table_name="a.b.c", failure="no column")]

    assert [kind for kind, _, _ in told(rooms, tmp_path)] == ["server", "server", "monitor"]
    rooms.may_see_workers = False
    assert [kind for kind, _, _ in told(rooms, tmp_path)] == ["server", "monitor"]
