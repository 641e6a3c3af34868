"""The verbs on webhooks. Everybody may make one, for a destination that an administrator has made; it tells what its
owner may see at the moment of the event, so that rights that are taken away end what it tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import AlreadyExists, Conflict, InvalidInput, NotFound, did_you_mean
from boathouse.foundation.event_filter import EventFilter, problems_of_filter
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import DoesNotFit, fit
from boathouse.metastore import Database
from boathouse.notifications.destinations import Auditor, Destination, DestinationNotFound, Destinations
from boathouse.notifications.messages import Delivery, DeliveryState, Message
from boathouse.notifications.outbox import Outbox, give_up, write
from boathouse.notifications.webhooks.nouns import Happened, Log, People, Webhook
from boathouse.notifications.webhooks.repository import WebhookRepository
from boathouse.notifications.webhooks.telling import WORKSPACE_ID, is_business_of, message_of

MOST_OF_ONE = 100
"""Webhooks that somebody who is no administrator may have."""
_SERVICE = "webhooks"
_BATCH = 500


class WebhookNotFound(NotFound):
    """There is no such webhook, or it is somebody else's."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the verbs and the pump stand on."""

    database: Database
    log: Log
    people: People
    known_types: Sequence[str]
    clock: Clock


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """What of a webhook is to change; None stays."""

    name: str | None = None
    destination: str | None = None
    wanted: Mapping[str, Any] | None = None
    is_paused: bool | None = None


class Webhooks:
    """What the doors call."""

    def __init__(self, parts: Parts, destinations: Destinations, auditor: Auditor) -> None:
        self._parts = parts
        self._database = parts.database
        self._destinations = destinations
        self._auditor = auditor
        self._rows = WebhookRepository(parts.database)
        self._outbox = Outbox(parts.database)

    def create(self, principal: Principal, name: str, destination: str, wanted: Mapping[str, Any]) -> Webhook:
        """A webhook that tells of what happens from now on.

        Raises:
            AlreadyExists: The name is taken.
            DestinationNotFound: There is no such destination.
            InvalidInput: The filter fits no event.
        """
        with self._auditor.verb(principal, _SERVICE, "createWebhook", params={"name": name}):
            made = Webhook(
                new_id(), _checked(name), self._destinations.named(destination).destination_id, self._filter(wanted),
                principal.name, self._parts.log.latest(), self._now(),
            )  # fmt: skip
            self._require_room(principal)
            with self._database.write() as connection:
                is_made = self._rows.insert(connection, made)
            if not is_made:
                raise AlreadyExists(f"There is a webhook {name!r} already.")
            return made

    def list(self, principal: Principal) -> Sequence[Webhook]:
        """One's own webhooks; all of them for administrators."""
        with self._auditor.verb(principal, _SERVICE, "listWebhooks"):
            return [each for each in self._rows.all() if _is_ones(principal, each)]

    def get(self, principal: Principal, name: str) -> Webhook:
        """One webhook, by its name or its id."""
        with self._auditor.verb(principal, _SERVICE, "getWebhook", params={"name": name}):
            return self._require(principal, name)

    def update(self, principal: Principal, name: str, change: WebhookChange) -> Webhook:
        """Change a webhook. It goes on where it was, but for what happened while it was paused, which can be replayed;
        its owner stays."""
        with self._auditor.verb(principal, _SERVICE, "updateWebhook", params={"name": name}):
            found = self._require(principal, name)
            changed = replace(
                found,
                name=_checked(change.name) if change.name is not None else found.name,
                wanted=self._filter(change.wanted) if change.wanted is not None else found.wanted,
                is_paused=found.is_paused if change.is_paused is None else change.is_paused,
            )
            if change.destination is not None:
                changed = replace(changed, destination=self._destinations.named(change.destination).destination_id)
            if found.is_paused and not changed.is_paused:
                changed = replace(changed, since=self._parts.log.latest())
            with self._database.write() as connection:
                is_done = self._rows.update(connection, changed, self._now())
            if not is_done:
                raise AlreadyExists(f"There is a webhook {change.name!r} already.")
            return changed

    def delete(self, principal: Principal, name: str) -> None:
        """Tell nothing more, not even what waits to be sent."""
        with self._auditor.verb(principal, _SERVICE, "deleteWebhook", params={"name": name}):
            found = self._require(principal, name)
            with self._database.write() as connection:
                self._rows.delete(connection, found.webhook_id)
                give_up(connection, found.webhook_id, "The webhook was deleted.")

    def test(self, principal: Principal, name: str) -> None:
        """Send a message that says nothing but that it has arrived."""
        with self._auditor.verb(principal, _SERVICE, "testWebhook", params={"name": name}):
            found, now = self._require(principal, name), self._now()
            payload = {
                "event_type": "webhook.test", "workspace_id": WORKSPACE_ID, "timestamp_ms": now, "webhook": found.name,
            }  # fmt: skip
            self._outbox.put(Message("webhook.test", found.destination, payload, webhook_id=found.webhook_id), now)

    def replay(
        self, principal: Principal, name: str, *, since: int | None = None, event_ids: Sequence[str] = ()
    ) -> int:
        """Tell events again: those from an instant on that the webhook is for, or some by their ids; gives their
        number. Receivers tell a second arrival by ``event_id``.

        Raises:
            InvalidInput: Neither or both were said, or an event is not one that the webhook may tell of.
        """
        params = {"name": name, "since": since, "events": ",".join(event_ids) or None}
        with self._auditor.verb(principal, _SERVICE, "replayWebhook", params=params):
            found = self._require(principal, name)
            if (since is None) == (not event_ids):
                raise InvalidInput("A replay begins at an instant, or names events.", hint="Say one of both.")
            owner = self._parts.people.principal(found.owner)
            if since is None:
                return self._put(found, [self._event(found, owner, each) for each in dict.fromkeys(event_ids)])
            return self._replay_since(found, owner, since)

    def deliveries(
        self, principal: Principal, name: str, *, state: DeliveryState | None = None, limit: int = 100,
        before: int | None = None,
    ) -> Sequence[Delivery]:  # fmt: skip
        """What a webhook has told, and what became of it, newest first."""
        with self._auditor.verb(principal, _SERVICE, "listWebhookDeliveries", params={"name": name}):
            found = self._require(principal, name)
            return self._outbox.list(state=state, webhook_id=found.webhook_id, limit=limit, before=before)

    def retry(self, principal: Principal, name: str, sequences: Sequence[int]) -> int:
        """Try again what was given up; gives the number of messages."""
        with self._auditor.verb(principal, _SERVICE, "retryWebhook", params={"name": name, "deliveries": sequences}):
            found = self._require(principal, name)
            return self._outbox.retry(sequences, self._now(), webhook_id=found.webhook_id)

    def destination_of(self, webhook: Webhook) -> Destination | None:
        """Where a webhook's messages go; None: the destination is gone."""
        try:
            return self._destinations.named(webhook.destination)
        except DestinationNotFound:
            return None

    def problem_of(self, webhook: Webhook) -> str | None:
        """Why a webhook tells nothing at present."""
        if self.destination_of(webhook) is None:
            return "Its destination was deleted; give it another one."
        try:
            self._parts.people.principal(webhook.owner)
        except NotFound:
            return f"Its owner {webhook.owner} is gone, so it sees nothing; make it anew."
        return None

    def _replay_since(self, webhook: Webhook, owner: Principal, since: int) -> int:
        log, told = self._parts.log, 0
        position = log.latest(earlier_than=since)
        last = log.latest()
        while position < last and (events := log.settled_after(position, _BATCH)):
            fitting = [
                event
                for event in events
                if event.happened_at >= since and is_business_of(webhook, event) and log.may_see(owner, event)
            ]
            told += self._put(webhook, fitting)
            position = events[-1].sequence
        return told

    def _event(self, webhook: Webhook, owner: Principal, event_id: str) -> Happened:
        event = self._parts.log.find(event_id)
        if event is None or not self._parts.log.may_see(owner, event):
            raise InvalidInput(f"There is no event {event_id} that {owner} may see.", hint="See: boathouse events")
        if not is_business_of(webhook, event):
            raise InvalidInput(
                f"{webhook.name} does not tell of events like {event_id} ({event.type} of {event.subject}).",
                hint="Change its filter first: boathouse webhooks update",
            )
        return event

    def _put(self, webhook: Webhook, events: Sequence[Happened]) -> int:
        if events:
            with self._database.write() as connection:
                write(connection, [message_of(webhook, each, is_replayed=True) for each in events], self._now())
        return len(events)

    def _require_room(self, principal: Principal) -> None:
        mine = sum(each.owner == principal.name for each in self._rows.all())
        if mine >= MOST_OF_ONE and not principal.is_admin:
            raise Conflict(
                f"{principal} has {mine} webhooks already, which is the most that one may have.",
                hint="Let one tell of several things, or delete some: boathouse webhooks list",
            )

    def _filter(self, wanted: Mapping[str, Any]) -> EventFilter:
        found = fit(EventFilter, dict(wanted), what="The webhook's filter")
        if problems := list(problems_of_filter(found, self._parts.known_types)):
            raise DoesNotFit("The webhook's filter", problems)
        return found

    def _require(self, principal: Principal, name: str) -> Webhook:
        found = self._rows.find(name)
        if found is None or not _is_ones(principal, found):
            known = [each.name for each in self._rows.all() if _is_ones(principal, each)]
            raise WebhookNotFound(
                f"There is no webhook {name!r}.",
                hint=did_you_mean(name, known) or "List them with: boathouse webhooks list",
            )
        return found

    def _now(self) -> int:
        return epoch_ms(self._parts.clock.now())


def _is_ones(principal: Principal, webhook: Webhook) -> bool:
    return principal.is_admin or principal.name == webhook.owner


def _checked(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 200 or not name.isprintable() or "/" in name:
        raise InvalidInput(
            f"{name[:200]!r} is no name for a webhook.", hint="Use 1 to 200 printable characters without a slash."
        )
    return name
