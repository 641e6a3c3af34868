"""The log of events as readers meet it: nothing is skipped, and everybody sees what happened to what they may see."""

from collections.abc import Iterator, Sequence

from boathouse.catalog.events import repository
from boathouse.catalog.events.nouns import Event, EventType
from boathouse.catalog.grants import Grants
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.securables import SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.event_filter import EventFilter
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database

GAP_SECONDS = 10.0
"""How long a missing number may still turn up: on Postgres transactions end in any order."""
_DEPLOYS = (EventType.DEPLOYED, EventType.DEPLOY_FAILED)
_OF_ENDPOINTS = ("endpoint.", "rollout.", "experiment.", "capture.")
"""How the types begin whose subject is an endpoint."""
_OF_TABLES = ("monitor.", "alert.", "incident.", "contract.")
"""How the types begin whose subject is a table."""
_BATCH = 500
_MOST_LOOKED_AT = 20_000
"""Events that one page looks through for those that fit."""


class EventLog:
    """Reads events."""

    def __init__(self, database: Database, grants: Grants, clock: Clock) -> None:
        self._database = database
        self._grants = grants
        self._clock = clock

    # For those who follow with a position of their own

    def settled_after(self, sequence: int, limit: int = _BATCH) -> list[Event]:
        """Events that came later, oldest first, up to the first missing number that may still turn up."""
        return without_gaps(repository.after(self._database, sequence, limit), sequence, epoch_ms(self._clock.now()))

    def latest(self, *, earlier_than: int | None = None) -> int:
        """The number of the newest event, or of the newest from before an instant; 0 when there is none."""
        return repository.latest(self._database, earlier_than=earlier_than)

    def find(self, event_id: str) -> Event | None:
        return repository.find(self._database, event_id)

    # For people

    def may_see(self, principal: Principal, event: Event) -> bool:
        """Whether they may see the thing that it happened to, or did it themselves."""
        if principal.is_admin or event.principal == principal.name:
            return True
        if event.type in _DEPLOYS:
            return event.data.get("owner") in ("", principal.name)
        try:
            if event.type == EventType.RUN_FAILED:
                return self._grants.allows(principal, Privilege.VIEW_JOB, SecurableKind.JOB, event.subject)
            if event.type.startswith(_OF_ENDPOINTS):
                return bool(self._grants.visible(principal, SecurableKind.ENDPOINT, [event.subject]))
            if event.type.startswith(_OF_TABLES) and event.data.get("kind") == "events":
                return False  # it is about something that happened, and those who have asked to be told are told
            if event.type.startswith(_OF_TABLES):
                return self._grants.allows(principal, Privilege.SELECT, SecurableKind.TABLE, event.subject)
            return self._grants.allows(principal, Privilege.EXECUTE, SecurableKind.REGISTERED_MODEL, event.subject)
        except BoathouseError:  # a subject that is no name of such a thing
            return False

    def page(
        self, principal: Principal, wanted: EventFilter, *, limit: int, before: int | None = None
    ) -> tuple[list[Event], int | None]:
        """Events that are wanted, newest first, and the number to go on before; None at the end."""
        found: list[Event] = []
        looked = 0
        for event in self._backwards(before):
            looked, before = looked + 1, event.sequence
            if self._is_shown(principal, wanted, event):
                found.append(event)
            if len(found) == limit or looked == _MOST_LOOKED_AT:
                return found, before
        return found, None

    def news(
        self, principal: Principal, wanted: EventFilter, *, after: int, limit: int = _BATCH
    ) -> tuple[list[Event], int]:
        """Events that are wanted and came later, oldest first, and the position to go on from."""
        found = self.settled_after(after, limit)
        return [each for each in found if self._is_shown(principal, wanted, each)], (
            found[-1].sequence if found else after
        )

    def _is_shown(self, principal: Principal, wanted: EventFilter, event: Event) -> bool:
        return wanted.takes(event.type, event.subject, event.data) and self.may_see(principal, event)

    def _backwards(self, before: int | None) -> Iterator[Event]:
        while batch := repository.before(self._database, before, _BATCH):
            yield from batch
            before = batch[-1].sequence


def without_gaps(events: Sequence[Event], position: int, now: int) -> list[Event]:
    """The events up to the first missing number that may still turn up."""
    expected = position + 1
    for index, event in enumerate(events):
        if event.sequence != expected and now - event.happened_at < GAP_SECONDS * 1000:
            return list(events[:index])
        expected = event.sequence + 1
    return list(events)
