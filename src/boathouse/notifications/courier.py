"""Delivers what is in the outbox, again and again until it has arrived or is given up."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.metastore import Database
from boathouse.notifications.destinations import DestinationNotFound, Destinations
from boathouse.notifications.messages import Delivery
from boathouse.notifications.outbox import SENDING_SECONDS, Outbox
from boathouse.notifications.senders import by_apprise, chat, mail, webhook
from boathouse.notifications.senders.deadlines import pool_with_deadlines
from boathouse.notifications.senders.mail import MailServer
from boathouse.notifications.senders.sending import Letter, NotDelivered

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
PARALLEL = 16
"""Messages that are brought at the same time."""
PER_DESTINATION = 1
"""One at a time to each destination: messages arrive in order, and one that hangs keeps only its own waiting."""
AILING_SHARE = PARALLEL // 2
"""Of these, how many may be under way to destinations whose last attempt has failed: however many hang, and however
much waits for them, the others are not late."""
OVERDUE_SECONDS = float(SENDING_SECONDS)
"""After this long a delivery counts no more among the ``PARALLEL``; its destination stays taken until it ends."""
STOPPING_SECONDS = 5.0
"""How long what is under way may take when the courier stops; it is tried again by whoever comes next."""


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A message that is being brought."""

    destination: str
    since: float
    thread: threading.Thread


class Courier:
    """Takes messages out of the outbox and brings them to their destinations."""

    def __init__(
        self, database: Database, destinations: Destinations, clock: Clock, *, mail_server: MailServer | None, url: str
    ) -> None:
        self._outbox = Outbox(database)
        self._destinations = destinations
        self._clock = clock
        self._mail_server = mail_server
        self._url = url
        self._pool = pool_with_deadlines(PARALLEL)
        self._stopping = threading.Event()
        self._somebody_is_free = threading.Event()
        self._thread: threading.Thread | None = None
        self._under_way: list[_UnderWay] = []
        self._ailing: set[str] = set()
        """The destinations whose last attempt has failed."""

    def start(self) -> None:
        """Begin to deliver, in a thread of its own."""
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more; what is under way ends, or is tried again by whoever comes next."""
        self._stopping.set()
        self._somebody_is_free.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        until = time.monotonic() + STOPPING_SECONDS
        for each in self._under_way:
            each.thread.join(max(0.0, until - time.monotonic()))
        self._pool.clear()

    def deliver_due(self) -> int:
        """One round, to its end; gives the number of messages that were tried."""
        begun = self._begin()
        for each in begun:
            each.thread.join()
        return len(begun)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._somebody_is_free.wait(LOOK_SECONDS)
            self._somebody_is_free.clear()
            try:
                while not self._stopping.is_set() and self._begin():
                    pass
            except Exception:
                log.exception("Notifications could not be delivered; trying again.")

    def _begin(self) -> "list[_UnderWay]":
        """Set out with what is due, as far as there is somebody free; waits for nothing."""
        self._under_way = [each for each in self._under_way if each.thread.is_alive()]
        now, overdue = epoch_ms(self._clock.now()), time.monotonic() - OVERDUE_SECONDS
        counted = [each for each in self._under_way if each.since > overdue]
        busy = Counter(each.destination for each in self._under_way)
        free = PARALLEL - len(counted)
        ailing = frozenset(self._ailing)
        besides = {**busy, **dict.fromkeys(ailing, PER_DESTINATION)}
        taken = self._outbox.take(now, free, per_destination=PER_DESTINATION, busy=besides)
        free = min(free - len(taken), AILING_SHARE - sum(each.destination in ailing for each in counted))
        if ailing and free > 0:
            busy.update(each.destination for each in taken)
            taken += self._outbox.take(now, free, per_destination=PER_DESTINATION, busy=busy)
        begun = [_UnderWay(each.destination, time.monotonic(), self._deliverer(each)) for each in taken]
        self._under_way += begun
        for each in begun:
            each.thread.start()
        return begun

    def _deliverer(self, delivery: Delivery) -> threading.Thread:
        # A daemon: one that hangs must not keep the process from ending.
        return threading.Thread(target=self._bring, args=(delivery,), name="courier-delivery", daemon=True)

    def _bring(self, delivery: Delivery) -> None:
        try:
            self._deliver(delivery)
        except Exception:
            log.exception("What became of delivery %s could not be written down.", delivery.delivery_id)
        finally:
            self._somebody_is_free.set()

    def _deliver(self, delivery: Delivery) -> None:
        try:
            self._send(delivery)
        except NotDelivered as error:
            self._failed(delivery, error.message, for_good=error.for_good)
        except DestinationNotFound as error:
            self._failed(delivery, error.message, for_good=True)
        except BoathouseError as error:
            self._failed(delivery, str(error))
        except Exception as error:
            log.exception("Delivery %s failed in a way that was not foreseen.", delivery.delivery_id)
            self._failed(delivery, f"{type(error).__name__}: {error}")
        else:
            self._ailing.discard(delivery.destination)
            self._outbox.delivered(delivery, epoch_ms(self._clock.now()))

    def _failed(self, delivery: Delivery, error: str, *, for_good: bool = False) -> None:
        self._ailing.add(delivery.destination)
        log.warning("Delivery %s of %s failed: %s", delivery.delivery_id, delivery.event_type, error)
        self._outbox.failed(delivery, error, epoch_ms(self._clock.now()), for_good=for_good)

    def _send(self, delivery: Delivery) -> None:
        letter = Letter(delivery.delivery_id, delivery.payload, delivery.created_at, self._url)
        if delivery.is_email:
            mail.send(self._mail_server, [delivery.destination], letter)
            return
        destination, details = self._destinations.details(delivery.destination)
        self._send_to(destination.kind, details, letter)

    def _send_to(self, kind: str, details: Mapping[str, Any], letter: Letter) -> None:
        match kind:
            case "email":
                mail.send(self._mail_server, details["addresses"], letter)
            case "generic_webhook":
                webhook.send(self._pool, details, letter)
            case "slack":
                chat.send_to_slack(self._pool, details, letter)
            case "microsoft_teams":
                chat.send_to_teams(self._pool, details, letter)
            case "pagerduty":
                chat.send_to_pagerduty(self._pool, details, letter)
            case "apprise":
                by_apprise.send(details, letter)
            case _:
                raise NotDelivered(f"This release cannot reach a destination of kind {kind}.")
