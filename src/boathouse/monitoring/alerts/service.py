"""The verbs on alerts. Who may read a table may put an alert on it, which looks with the rights of who has put it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import AlreadyExists, BoathouseError, Denied, InvalidInput, NotFound, did_you_mean
from boathouse.foundation.event_filter import matches, problems_of_filter
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import DoesNotFit
from boathouse.foundation.spans import parse_span
from boathouse.monitoring.alerts import firings as fired
from boathouse.monitoring.alerts import repository as rows
from boathouse.monitoring.alerts.asking import Points, points_of
from boathouse.monitoring.alerts.looking import Looked, Looking, Parts, write_events
from boathouse.monitoring.alerts.nouns import Alert, Firing, Seen, Silence
from boathouse.monitoring.alerts.rules import AlertRule, alert_name, without_name
from boathouse.monitoring.alerts.telling import EVENT_TYPES
from boathouse.notifications.addresses import is_address
from boathouse.notifications.destinations import require_known
from boathouse.notifications.messages import Delivery
from boathouse.notifications.outbox import Outbox

if TYPE_CHECKING:
    from sqlalchemy import Connection

SERVICE = "alerts"
_LONGEST_SILENCE = "90d"
_MOST_SENT = 1_000
"""Messages about alerts among which those about one are looked for."""


class AlertNotFound(NotFound):
    """There is no such alert, as far as the principal may know."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert and how it stands."""

    alert: Alert
    seen: Seen
    open: tuple[Firing, ...]
    silence: Silence | None = None

    @property
    def state(self) -> str:
        """In a word."""
        if self.alert.rule.paused:
            return "PAUSED"
        if any(each.is_problem for each in self.open):
            return "PROBLEM"
        if self.open:
            return "FIRING"
        return "FINE" if self.seen.looked_at is not None and self.seen.problem is None else "WAITING"


class Alerts:
    """Every verb takes the acting principal, is authorised and audited."""

    def __init__(self, parts: Parts, looking: Looking, known_types: Sequence[str]) -> None:
        self._parts = parts
        self._catalog = parts.catalog
        self._database = parts.catalog.database
        self._clock = parts.clock
        self._looking = looking
        self._known_types = known_types

    # --- changing

    def put(self, principal: Principal, name: str, rule: AlertRule, *, origin: str | None = None) -> Alert:
        """Let a rule hold under a name from now on. What holds already makes no new revision.

        Raises:
            InvalidInput: It names destinations, owners or events that there are not, or a column that the table lacks.
            Denied: The principal may not read what it watches, or not change what somebody else has put.
        """
        name = alert_name(name)
        with self._audited(principal, "putAlert", name):
            self._require_watchable(principal, rule)
            self._check(principal, rule)
            rule = without_name(rule)
            now = self._now()
            with self._database.write() as connection:
                found = rows.find(connection, name)
                if found is not None:
                    self._require_manage(principal, found)
                self._require_known(connection, rule)
                is_same = (
                    found is not None
                    and rows.document_of(found.rule) == rows.document_of(rule)
                    and found.principal == principal.name
                )
                if found is None or not is_same:
                    alert_id = found.alert_id if found is not None else new_id()
                    rows.put(connection, alert_id, name, rule, at=now, by=principal.name, origin=origin)
                elif found.origin != origin and origin is not None:
                    rows.set_origin(connection, found.alert_id, origin)
                return self._held(connection, name)

    def create(self, principal: Principal, name: str, rule: AlertRule) -> Alert:
        """As :meth:`put`, of a name that is free.

        Raises:
            AlreadyExists: It is not.
        """
        with self._database.read() as connection:
            if rows.find(connection, alert_name(name)) is not None:
                raise AlreadyExists(f"There is an alert {name} already.")
        return self.put(principal, name, rule)

    def withdraw(self, principal: Principal, name: str) -> None:
        """Watch no more; what it found stays on record."""
        with self._audited(principal, "withdrawAlert", name):
            found = self._managed(principal, name)
            now = self._now()
            with self._database.write() as connection:
                rows.lock(connection, found.alert_id)
                gone = [
                    fired.resolve(connection, each, now, window=None, by=principal.name, why="the alert was withdrawn")
                    for each in fired.open_of(connection, [found.alert_id])
                ]
                write_events(connection, found, Looked(resolved=tuple(gone)), now)
                rows.withdraw(connection, found.alert_id, now)

    def resolve(self, principal: Principal, name: str, why: str, *, series: str | None = None) -> list[Firing]:
        """Say that it is fine; it fires again when it was fine and is wrong once more.

        Raises:
            InvalidInput: There is no reason, or nothing fires.
        """
        if not why.strip():
            raise InvalidInput("Say why it is fine.", hint="Give --why.")
        with self._audited(principal, "resolveAlert", name, why=why):
            found = self._managed(principal, name)
            now = self._now()
            with self._database.write() as connection:
                done = [
                    fired.resolve(connection, each, now, window=each.window_end, by=principal.name, why=why.strip())
                    for each in _firing(connection, found, series)
                ]
                write_events(connection, found, Looked(resolved=tuple(done)), now)
            return done

    def acknowledge(self, principal: Principal, name: str, why: str, *, series: str | None = None) -> list[Firing]:
        """Say that somebody sees to it: nobody else is told, and nobody reminded, until it fires anew.

        Raises:
            InvalidInput: There is no word on it, or nothing fires.
        """
        if not why.strip():
            raise InvalidInput("Say who sees to it, or how.", hint="Give --why.")
        with self._audited(principal, "acknowledgeAlert", name, why=why):
            found = self._managed(principal, name)
            now = self._now()
            with self._database.write() as connection:
                return [
                    fired.acknowledge(connection, each, now, by=principal.name, why=why.strip())
                    for each in _firing(connection, found, series)
                ]

    def require_manage(self, principal: Principal, name: str) -> None:
        """
        Raises:
            Denied: The principal may not change it.
        """
        self._managed(principal, name)

    # --- silences

    def silence(self, principal: Principal, pattern: str, span: str, why: str) -> Silence:
        """Tell nobody of an alert, or of all that fit a pattern, for a while; what happens is written down.

        Raises:
            InvalidInput: There is no reason, it is too long, or no alert fits.
            Denied: One of them is somebody else's.
        """
        length = parse_span(span)
        if length > parse_span(_LONGEST_SILENCE):
            raise InvalidInput(f"{span} is too long: a silence lasts at most {_LONGEST_SILENCE}.")
        if not why.strip():
            raise InvalidInput("Say why nobody is to be told.", hint="Give --why.")
        with self._audited(principal, "silenceAlert", pattern, span=span, why=why):
            fitting = [each for each in self._visible(principal) if matches(pattern, each.name)]
            if not fitting:
                raise self._not_found(principal, pattern)
            for each in fitting:
                self._require_manage(principal, each)
            if "*" in pattern and not principal.is_admin:
                raise Denied("Only administrators may silence a pattern: it takes in the alerts of others to come.")
            now = self._now()
            made = Silence(new_id(), pattern, now + round(length.total_seconds() * 1000), principal.name, why, now)
            with self._database.write() as connection:
                fired.add_silence(connection, made)
            return made

    def end_silence(self, principal: Principal, silence_id: str) -> None:
        """Tell again.

        Raises:
            NotFound: There is no such silence in force.
        """
        with self._audited(principal, "endSilence", silence_id):
            now = self._now()
            found = next((each for each in self.silences(principal) if each.silence_id == silence_id), None)
            if found is None:
                raise NotFound(f"There is no silence {silence_id} in force.", hint="List: boathouse alert silences")
            if principal.name != found.by and not principal.is_admin:
                raise Denied(f"{found.by} has asked for this silence; only they and administrators may end it.")
            with self._database.write() as connection:
                fired.end_silence(connection, silence_id, now, principal.name)

    def silences(self, principal: Principal, *, with_ended: bool = False) -> "list[Silence]":
        """Those in force, newest first; of alerts that the principal may see."""
        with self._audited(principal, "listSilences", None):
            names = [each.name for each in self._visible(principal)]
            with self._database.read() as connection:
                found = fired.silences(connection, now=None if with_ended else self._now())
            return [
                each for each in found if each.by == principal.name or any(matches(each.pattern, one) for one in names)
            ]

    # --- looking

    def get(self, principal: Principal, name: str, *, at: int | None = None) -> Alert:
        """The rule that a name means, or meant at an instant.

        Raises:
            AlertNotFound: There is, or was, none that the principal may know of.
        """
        with self._audited(principal, "getAlert", name, at=at):
            if at is None:
                return self._required(principal, name)
            with self._database.read() as connection:
                found = rows.at(connection, name, at)
            if found is None or not self._may_see(principal, found):
                raise AlertNotFound(f"There was no alert {name} at that time.")
            return found

    def revisions(self, principal: Principal, name: str) -> "list[Alert]":
        """Every rule that it had, newest first."""
        with self._audited(principal, "getAlert", name):
            found = self._required(principal, name)
            with self._database.read() as connection:
                return rows.revisions(connection, found.alert_id)

    def list(self, principal: Principal, *, subject: str | None = None) -> "list[Standing]":
        """The alerts that the principal may see, by name, and how they stand."""
        with self._audited(principal, "listAlerts", None):
            found = self._visible(principal)
            if subject is not None:
                found = [each for each in found if each.rule.subject.lower() == subject.lower()]
            return self._standings(found)

    def firing(self, principal: Principal) -> "list[Standing]":
        """The alerts that fire now, as far as the principal may see them, by name."""
        with self._audited(principal, "listFirings", None):
            with self._database.read() as connection:
                ids = sorted({each.alert_id for each in fired.every_open(connection)})
                alerts = rows.by_ids(connection, ids)
            known = sorted(alerts.values(), key=lambda each: each.name.lower())
            return self._standings([each for each in known if self._may_see(principal, each)])

    def standing(self, principal: Principal, name: str) -> Standing:
        """How one stands."""
        return self._standings([self.get(principal, name)])[0]

    def firings(
        self, principal: Principal, name: str | None = None, *, limit: int = 100, before: int | None = None
    ) -> "list[tuple[Alert, Firing]]":
        """What fired, newest first; of one alert, or of all that the principal may see."""
        with self._audited(principal, "listFirings", name):
            with self._database.read() as connection:
                ids = None if name is None else [self._required(principal, name).alert_id]
                if ids is None and not principal.is_admin:
                    ids = [each.alert_id for each in self._visible(principal)]
                found = fired.history(connection, alert_ids=ids, limit=limit, before=before)
                alerts = rows.by_ids(connection, sorted({each.alert_id for each in found}))
            return [(alerts[each.alert_id], each) for each in found]

    def points(self, principal: Principal, name: str, *, at: int | None = None) -> Points:
        """The values that an alert judges, by series, read with the rights of who asks; of an alert on events, or on
        missing data, there are none. ``at`` an instant as they were known then: what was repaired looks fine today.

        Raises:
            Denied: The principal may not read them.
        """
        with self._audited(principal, "getAlertPoints", name, at=at):
            rule = self._required(principal, name).rule
            if rule.metric is None:
                return {}
            try:
                return points_of(self._parts.session_of(principal), rule, self._parts.tables, at=at)
            except NotFound:  # it is still to come, or gone: the alert's state says so
                return {}

    def deliveries(self, principal: Principal, name: str, *, limit: int = 25) -> "list[Delivery]":
        """What was sent about an alert and what became of it, newest first.

        Raises:
            Denied: The principal may not change the alert.
        """
        with self._audited(principal, "listAlertDeliveries", name):
            found = self._managed(principal, name)
            sent = Outbox(self._database).list(event_types=EVENT_TYPES, limit=_MOST_SENT)
            mine = [each for each in sent if any(one.get("alert") == found.name for one in each.payload["alerts"])]
            return mine[:limit]

    def look(self, principal: Principal, name: str, *, as_of: int | None = None) -> Looked:
        """Look now, or as if it were another time, and write down what is found.

        Raises:
            Denied: It is somebody else's.
        """
        with self._audited(principal, "lookAtAlert", name, as_of=as_of):
            return self._looking.look(self._managed(principal, name), now=as_of)

    # --- within

    def _audited(self, principal: Principal, action: str, name: str | None, **params: Any) -> Any:
        return self._catalog.audit.verb(principal, SERVICE, action, None, name, params)

    def _check(self, principal: Principal, rule: AlertRule) -> None:
        """What the shape alone cannot say."""
        problems = [
            each
            for name, wanted in (("events", rule.events), ("resolved_by", rule.resolved_by))
            if wanted is not None
            for each in problems_of_filter(wanted, self._known_types, (name,))
        ]
        if problems:
            raise DoesNotFit("The alert", problems)
        if rule.owner is not None:
            self._catalog.identities.get(rule.owner)
        if rule.events is None and rule.missing is None:
            self._try(principal, rule)

    def _try(self, principal: Principal, rule: AlertRule) -> None:
        """Ask once, so that a wrong column is known at once and not at night. A table that is not there may come."""
        try:
            points_of(self._parts.session_of(principal), rule, self._parts.tables)
        except NotFound:
            return

    def _require_watchable(self, principal: Principal, rule: AlertRule) -> None:
        table = rule.table or (rule.rows.table if rule.rows is not None else None)
        if table is None or table.startswith("system."):
            return
        try:
            self._catalog.grants.require(principal, Privilege.SELECT, SecurableKind.TABLE, table)
        except NotFound:
            return  # it may come

    def _require_known(self, connection: "Connection", rule: AlertRule) -> None:
        require_known(connection, [each for each in rule.told if not is_address(each)])

    def _require_manage(self, principal: Principal, alert: Alert) -> None:
        """Who has put it, who answers for it, who owns the table, administrators."""
        if not self._may_see(principal, alert):
            raise self._not_found(principal, alert.name)
        allowed = {principal.name, *principal.groups}
        if principal.is_admin or alert.principal == principal.name or alert.owner in allowed:
            return
        table = alert.rule.table
        if table is not None and self._catalog.grants.owner(SecurableKind.TABLE, table) in allowed:
            return
        raise Denied(
            f"{principal} may not change the alert {alert.name}: {alert.principal} has put it, {alert.owner} owns it.",
            hint="Ask one of them, or the owner of the table.",
        )

    def _may_see(self, principal: Principal, alert: Alert) -> bool:
        if (
            principal.is_admin
            or alert.principal == principal.name
            or alert.owner in {principal.name, *principal.groups}
        ):
            return True
        table = alert.rule.table or (alert.rule.rows.table if alert.rule.rows is not None else None)
        if table is None:
            return False
        try:
            return self._catalog.grants.allows(principal, Privilege.SELECT, SecurableKind.TABLE, table)
        except BoathouseError:  # the table is gone
            return False

    def _visible(self, principal: Principal) -> "list[Alert]":
        with self._database.read() as connection:
            return [each for each in rows.every(connection) if self._may_see(principal, each)]

    def _required(self, principal: Principal, name: str) -> Alert:
        with self._database.read() as connection:
            found = rows.find(connection, name)
        if found is None or not self._may_see(principal, found):
            raise self._not_found(principal, name)
        return found

    def _managed(self, principal: Principal, name: str) -> Alert:
        found = self._required(principal, name)
        self._require_manage(principal, found)
        return found

    def _not_found(self, principal: Principal, name: str) -> AlertNotFound:
        known = [each.name for each in self._visible(principal)]
        return AlertNotFound(
            f"There is no alert {name[:200]}.", hint=did_you_mean(name, known) or "List them: boathouse alert list"
        )

    def _held(self, connection: "Connection", name: str) -> Alert:
        found = rows.find(connection, name)
        assert found is not None
        return found

    def _standings(self, alerts: "Sequence[Alert]") -> "list[Standing]":
        with self._database.read() as connection:
            open_firings = fired.open_of(connection, [each.alert_id for each in alerts])
            silences = fired.silences(connection, now=self._now())
            by_alert: Mapping[str, list[Firing]] = {each.alert_id: [] for each in alerts}
            for firing in open_firings:
                by_alert[firing.alert_id].append(firing)
            return [
                Standing(
                    each,
                    rows.seen(connection, each.alert_id),
                    tuple(by_alert[each.alert_id]),
                    next((one for one in silences if matches(one.pattern, each.name)), None),
                )
                for each in alerts
            ]

    def _now(self) -> int:
        return epoch_ms(self._clock.now())


def _firing(connection: "Connection", alert: Alert, series: str | None) -> list[Firing]:
    """What fires of an alert, or of one of its series; nobody else writes of it before the transaction ends."""
    rows.lock(connection, alert.alert_id)
    found = fired.open_of(connection, [alert.alert_id])
    mine = [each for each in found if series is None or series in (each.series.text, each.firing_id)]
    if not mine:
        raise InvalidInput(f"Nothing of {alert.name} fires{f' for {series}' if series else ''}.")
    return mine
