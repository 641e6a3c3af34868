"""What is not all right now, worst first: incidents, alerts, endpoints, monitors, and the server's own parts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from boathouse.foundation.errors import Denied
from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal
from boathouse.jobs.workers.fleet import Fleet
from boathouse.monitoring.alerts.service import Alerts
from boathouse.monitoring.alerts.service import Standing as AlertStanding
from boathouse.monitoring.incidents.service import Incidents
from boathouse.monitoring.monitors.service import Monitors
from boathouse.serving.answering.states import read_workers
from boathouse.serving.endpoints.nouns import Endpoint, ReadyState
from boathouse.serving.endpoints.progress import ConfigUpdate, Situation
from boathouse.serving.endpoints.service import Endpoints

MOST_INCIDENTS = 100
_RANKS = {"critical": 0, "warning": 1, "info": 2}
READY = "ready"
STARTING = "starting"


class TroubleKind(StrEnum):
    """What a trouble is about."""

    INCIDENT = "incident"
    ALERT = "alert"
    ENDPOINT = "endpoint"
    MONITOR = "monitor"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is not all right."""

    kind: TroubleKind
    name: str
    """Of the incident (its number), the alert, the endpoint, the monitored table, the part of the server."""
    text: str
    """One sentence."""
    severity: str
    """``critical``, ``warning`` or ``info``."""
    subject: str
    """The table, model or endpoint that it is about."""
    since: int | None = None
    """Milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The rooms that know of troubles."""

    incidents: Incidents
    alerts: Alerts
    endpoints: Endpoints
    monitors: Monitors
    fleet: Fleet
    parts: Callable[[], Mapping[str, str]]
    """The state of each part of the server."""


class Troubles:
    """One verb; it tells each principal what they may know of."""

    def __init__(self, home: Home, watched: Watched) -> None:
        self._home = home
        self._watched = watched

    def now(self, principal: Principal) -> list[Trouble]:
        """Everything that is not all right, worst first, and the latest first of what is equally bad."""
        found = [
            *self._server(principal),
            *self._incidents(principal),
            *self._alerts(principal),
            *self._endpoints(principal),
            *self._monitors(principal),
        ]
        return sorted(found, key=lambda each: (_RANKS.get(each.severity, 1), -(each.since or 0)))

    def _server(self, principal: Principal) -> Iterator[Trouble]:
        for part, state in self._watched.parts().items():
            if state not in (READY, STARTING):
                yield Trouble(TroubleKind.SERVER, part, f"{part} is {state}.", "critical", part)
        try:
            workers = self._watched.fleet.workers(principal)
        except Denied:
            return
        if not any(each.is_alive for each in workers):
            yield Trouble(TroubleKind.SERVER, "worker", "No worker is alive, so no job runs.", "critical", "worker")

    def _incidents(self, principal: Principal) -> Iterator[Trouble]:
        for each in self._watched.incidents.list(principal, is_open=True, limit=MOST_INCIDENTS):
            text = f"Incident {each.number} is open: {each.title} ({each.subject}), with {each.owner}."
            severity = each.severity.value
            yield Trouble(TroubleKind.INCIDENT, str(each.number), text, severity, each.subject, each.opened_at)

    def _alerts(self, principal: Principal) -> Iterator[Trouble]:
        for each in self._watched.alerts.firing(principal):
            loud = [firing for firing in each.open if firing.incident is None]
            if loud and each.silence is None:
                yield _alert(each)

    def _endpoints(self, principal: Principal) -> Iterator[Trouble]:
        endpoints = self._watched.endpoints.list(principal)
        here = (self._home.running() or {}).get("serving_url") is not None
        workers = read_workers(self._home)
        if endpoints and not workers:
            yield _no_data_plane(endpoints, is_wanted=here)
            return
        situations = self._watched.endpoints.situations(endpoints, workers, is_data_plane_here=here)
        alike: dict[tuple[bool, str], list[Endpoint]] = {}
        for endpoint, now in zip(endpoints, situations, strict=True):
            if (why := _why_not(now)) is not None:
                alike.setdefault(why, []).append(endpoint)
        for (is_down, why), those in alike.items():
            yield _endpoints(those, why, is_down=is_down)

    def _monitors(self, principal: Principal) -> Iterator[Trouble]:
        for each in self._watched.monitors.failing(principal):
            text = f"The last refresh of the monitor of {each.table_name} has failed: {each.failure}"
            yield Trouble(TroubleKind.MONITOR, each.table_name, text, "warning", each.table_name)


def _alert(standing: AlertStanding) -> Trouble:
    alert, first = standing.alert, standing.open[0]
    more = f" (and {len(standing.open) - 1} more)" if len(standing.open) > 1 else ""
    series = f"{first.series.text}: " if first.series.text else ""
    text = f"The alert {alert.name} fires: {series}{first.why}{more}. {alert.owner} owns it."
    return Trouble(TroubleKind.ALERT, alert.name, text, first.severity.value, alert.rule.subject, first.fired_at)


def _why_not(now: Situation) -> tuple[bool, str] | None:
    """Whether an endpoint does not answer at all, and why it is not all right; None: it is."""
    progress = now.progress
    if progress.ready is not ReadyState.READY:
        return True, progress.why or "It is being started."
    if progress.update is ConfigUpdate.UPDATE_FAILED:
        return False, progress.why or "What was configured last does not load."
    return None


def _no_data_plane(endpoints: Sequence[Endpoint], *, is_wanted: bool) -> Trouble:
    """Then no endpoint answers, and that is one trouble."""
    count = "1 endpoint does" if len(endpoints) == 1 else f"{len(endpoints)} endpoints do"
    why = "no worker of the data plane takes requests." if is_wanted else "no data plane runs here."
    return Trouble(TroubleKind.ENDPOINT, "", f"{count} not answer: {why}", "critical", endpoints[0].name)


def _endpoints(those: Sequence[Endpoint], why: str, *, is_down: bool) -> Trouble:
    """Endpoints that fail for the same reason are one trouble."""
    names = ", ".join(each.name for each in those[:3]) + (f" and {len(those) - 3} more" if len(those) > 3 else "")
    does = (
        "not answer" if is_down else "not take their configuration" if len(those) > 1 else "not take its configuration"
    )
    text = f"{names} {'do' if len(those) > 1 else 'does'} {does}: {why}"
    severity = "critical" if is_down else "warning"
    return Trouble(TroubleKind.ENDPOINT, those[0].name if len(those) == 1 else "", text, severity, those[0].name)
