"""What alerts do by themselves: they look when a monitor has refreshed, when their time has come, when something has
happened. What was looked at is remembered in the transaction that writes what follows, so that a killed process goes on
where it was."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from boathouse.catalog.events import Event, EventType
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.principals import Principal
from boathouse.metastore.upserting import insert_missing
from boathouse.monitoring.alerts import firings as fired
from boathouse.monitoring.alerts import repository as rows
from boathouse.monitoring.alerts.looking import AGAIN_MS, Looked, Looking, Parts, span_ms, write_events
from boathouse.monitoring.alerts.nouns import Alert, Firing, Point, Say, Series, Verdict
from boathouse.notifications.schema import event_readers as readers

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

READER = "alerts"
LOOK_SECONDS = 1.0
_BATCH = 200


class Following:
    """Follows events and the clock."""

    def __init__(self, parts: Parts, looking: Looking) -> None:
        self._parts = parts
        self._database = parts.catalog.database
        self._looking = looking

    def look(self) -> int:
        """One round; gives the number of alerts that were looked at or moved by events."""
        return self._follow() + self._look_at_due()

    # --- events

    def _follow(self) -> int:
        done = 0
        position = self._position()
        while found := self._parts.catalog.events.settled_after(position, _BATCH):
            done += self._take(found, position)
            position = found[-1].sequence
        return done

    def _take(self, found: Sequence[Event], position: int) -> int:
        with self._database.read() as connection:
            every = rows.every(connection)
        refreshed = dict.fromkeys(each.subject.lower() for each in found if each.type == EventType.MONITOR_REFRESHED)
        watching = [each for each in every if each.rule.table is not None and each.rule.table.lower() in refreshed]
        for alert in watching:  # before the position moves: whoever goes on after a crash looks again, without harm
            self._look_at(alert)
        on_events = [each for each in every if each.rule.events is not None and not each.rule.paused]
        acting = {each.principal: self._acting(each.principal) for each in on_events}
        moved = 0
        with self._database.write() as connection:
            if not self._advance(connection, position, found[-1].sequence):
                return len(watching)
            for alert in on_events:
                if (who := acting[alert.principal]) is not None:
                    moved += sum(self._heard(connection, alert, who, event) for event in found)
        return len(watching) + moved

    def _heard(self, connection: "Connection", alert: Alert, acting: Principal, event: Event) -> bool:
        """Fire, or end, by an event; whether it did."""
        rule, resolving = alert.rule, alert.rule.resolving
        assert rule.events is not None
        if event.happened_at < alert.valid_from or event.data.get("alert") == alert.name:
            return False
        begins = rule.events.takes(event.type, event.subject, event.data)
        ends = resolving is not None and resolving.takes(event.type, event.subject, event.data)
        if not (begins or ends) or not self._parts.catalog.events.may_see(acting, event):
            return False
        seen = rows.lock(connection, alert.alert_id)
        series = Series.of({"subject": event.subject})
        known = [each for each in fired.open_of(connection, [alert.alert_id]) if each.series == series]
        now = epoch_ms(self._parts.clock.now())
        verdict = Verdict(Point(event.happened_at, event.happened_at, None), Say.BREACH, _told(event))
        if begins and known:
            fired.last(connection, known[0], verdict)
            return False
        if begins:
            looked = Looked((fired.fire(connection, alert, series, verdict, verdict, now),))
            if resolving is None:
                rows.see(connection, seen, due_at=event.happened_at + span_ms(rule.quiet))
        else:
            looked = Looked(resolved=tuple(_ended(connection, known, now, event.happened_at, _told(event))))
        write_events(connection, alert, looked, now)
        return bool(looked.fired or looked.resolved)

    # --- the clock

    def _look_at_due(self) -> int:
        with self._database.read() as connection:
            due = rows.due(connection, epoch_ms(self._parts.clock.now()))
        for alert in due:
            self._look_at(alert)
        return len(due)

    def _look_at(self, alert: Alert) -> None:
        """One that fails must not keep the others from looking; it looks again a while later."""
        try:
            self._looking.look(alert)
        except Exception:
            log.exception("The alert %s could not be looked at; trying again.", alert.name)
            with self._database.write() as connection:
                rows.put_off(connection, alert.alert_id, epoch_ms(self._parts.clock.now()) + AGAIN_MS)

    # --- the position

    def _position(self) -> int:
        mine = select(readers.c.position).where(readers.c.name == READER)
        with self._database.read() as connection:
            found = connection.execute(mine).scalar()
        if found is not None:
            return found
        begin = self._parts.catalog.events.latest(earlier_than=epoch_ms(self._parts.clock.now()) - 60_000)
        with self._database.write() as connection:  # what was before there were alerts is nobody's business
            insert_missing(connection, readers, [{"name": READER, "position": begin}])
            return connection.execute(mine).scalar() or 0

    def _advance(self, connection: "Connection", before: int, position: int) -> bool:
        mine = (readers.c.name == READER) & (readers.c.position == before)
        return bool(connection.execute(update(readers).where(mine).values(position=position)).rowcount)

    def _acting(self, name: str) -> Principal | None:
        try:
            return self._parts.catalog.identities.as_owner(name)
        except BoathouseError:  # who has put it is gone, and sees nothing
            return None


def _ended(connection: "Connection", known: Sequence[Firing], now: int, window: int, why: str) -> list[Firing]:
    return [fired.resolve(connection, each, now, window=window, why=why) for each in known if each.is_open]


def _told(event: Event) -> str:
    """An event in a line."""
    why = next((str(event.data[name]) for name in ("why", "reason", "summary", "message") if event.data.get(name)), "")
    return f"{event.type} of {event.subject}{f': {why}' if why else ''}"[:1000]
