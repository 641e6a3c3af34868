"""Delivers what is in the outbox, again and again until it has arrived or is given up."""

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import urllib3

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.metastore import Database
from boathouse.notifications.destinations import DestinationNotFound, Destinations
from boathouse.notifications.messages import Delivery
from boathouse.notifications.outbox import Outbox
from boathouse.notifications.senders import by_apprise, chat, mail, webhook
from boathouse.notifications.senders.mail import MailServer
from boathouse.notifications.senders.sending import Letter, NotDelivered

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
PARALLEL = 4


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
        self._pool = urllib3.PoolManager(maxsize=PARALLEL)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to deliver, in a thread of its own."""
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more; what is under way ends, or is tried again by whoever comes next."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._pool.clear()

    def deliver_due(self) -> int:
        """One round; gives the number of messages that were tried."""
        taken = self._outbox.take(epoch_ms(self._clock.now()), PARALLEL)
        if len(taken) == 1:
            self._deliver(taken[0])
        elif taken:
            with ThreadPoolExecutor(len(taken), thread_name_prefix="courier") as pool:
                list(pool.map(self._deliver, taken))
        return len(taken)

    def _work(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                while not self._stopping.is_set() and self.deliver_due():
                    pass
            except Exception:
                log.exception("Notifications could not be delivered; trying again.")

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
            self._outbox.delivered(delivery, epoch_ms(self._clock.now()))

    def _failed(self, delivery: Delivery, error: str, *, for_good: bool = False) -> None:
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
