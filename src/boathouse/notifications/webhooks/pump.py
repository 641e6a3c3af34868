"""Moves events into the outbox: the position and the messages change in one transaction, so that every event is told,
and none twice, whatever process dies. The courier does the rest."""

from collections.abc import Sequence

from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import NotFound
from boathouse.foundation.looping import Loop
from boathouse.foundation.principals import Principal
from boathouse.notifications.messages import Message
from boathouse.notifications.outbox import write
from boathouse.notifications.webhooks.nouns import Happened, Webhook
from boathouse.notifications.webhooks.repository import WebhookRepository
from boathouse.notifications.webhooks.telling import is_business_of, message_of
from boathouse.notifications.webhooks.webhooks import Parts

LOOK_SECONDS = 1.0


class WebhookPump:
    """Looks at what has happened since, and writes down who is to be told."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._rows = WebhookRepository(parts.database)
        self._loop = Loop("webhooks", LOOK_SECONDS, self.pump, trouble="Webhooks could not be told of events")

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        self._loop.start()

    def stop(self) -> None:
        self._loop.stop()

    def pump(self) -> int:
        """One look; gives the number of messages that it put into the outbox."""
        told = 0
        before = self._rows.position()
        while events := self._parts.log.settled_after(before):
            messages = self._messages(events)
            with self._parts.database.write() as connection:
                if not self._rows.advance(connection, before, events[-1].sequence):
                    return told
                write(connection, messages, epoch_ms(self._parts.clock.now()))
            told, before = told + len(messages), events[-1].sequence
        return told

    def _messages(self, events: Sequence[Happened]) -> list[Message]:
        return [
            message_of(webhook, event)
            for webhook, owner in self._listening()
            for event in events
            if event.sequence > webhook.since and is_business_of(webhook, event)
            if self._parts.log.may_see(owner, event)
        ]

    def _listening(self) -> list[tuple[Webhook, Principal]]:
        """The webhooks that are not paused, each with whose sight it has; one whose owner is gone sees nothing."""
        found: list[tuple[Webhook, Principal]] = []
        for webhook in self._rows.all():
            if webhook.is_paused:
                continue
            try:
                found.append((webhook, self._parts.people.principal(webhook.owner)))
            except NotFound:
                continue
        return found
