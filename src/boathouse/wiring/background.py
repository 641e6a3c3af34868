"""What the control plane does by itself: start runs, tell of events, deliver notifications, forget what is old."""

from dataclasses import dataclass

from boathouse.catalog import Catalog
from boathouse.catalog.events.nouns import KNOWN_TYPES
from boathouse.catalog.old_records import OldRecords, RecordSettings
from boathouse.foundation.clock import Clock
from boathouse.foundation.errors import NotFound
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.foundation.settings import Settings
from boathouse.jobs.keeping.housekeeping import Housekeeping
from boathouse.jobs.keeping.retention import Retention, RetentionSettings
from boathouse.jobs.keeping.workflows import EndedWorkflows
from boathouse.jobs.starting.clockwork import Clockwork, Parts
from boathouse.metastore import Database
from boathouse.notifications.courier import Courier
from boathouse.notifications.destinations import Destinations
from boathouse.notifications.senders.mail import MailServer
from boathouse.notifications.webhooks.pump import WebhookPump
from boathouse.notifications.webhooks.webhooks import Parts as WebhookParts
from boathouse.notifications.webhooks.webhooks import Webhooks
from boathouse.wiring.databases import database_url

SAFE_SCOPE = "boathouse-notifications"
"""The scope of secrets that holds how destinations are reached."""


class SecretsSafe:
    """Keeps the settings of destinations among the secrets, encrypted as those are."""

    def __init__(self, catalog: Catalog) -> None:
        self._secrets = catalog.secrets

    def put(self, name: str, value: bytes) -> None:
        if SAFE_SCOPE not in self._secrets.names(SYSTEM):
            self._secrets.create(SYSTEM, SAFE_SCOPE)
        self._secrets.put(SYSTEM, SAFE_SCOPE, name, value)

    def get(self, name: str) -> bytes:
        return self._secrets.get(SYSTEM, SAFE_SCOPE, name)

    def remove(self, name: str) -> None:
        try:
            self._secrets.remove(SYSTEM, SAFE_SCOPE, name)
        except NotFound:
            return


@dataclass(frozen=True, slots=True)
class Background:
    """The threads beside the doors."""

    clockwork: Clockwork
    courier: Courier
    webhook_pump: WebhookPump
    housekeeping: Housekeeping
    workflows: EndedWorkflows

    def start(self) -> None:
        self.clockwork.start()
        self.courier.start()
        self.webhook_pump.start()
        self.housekeeping.start()

    def stop(self) -> None:
        self.housekeeping.stop()
        self.clockwork.stop()
        self.webhook_pump.stop()
        self.courier.stop()
        self.workflows.close()


def build_background(
    home: Home, settings: Settings, database: Database, catalog: Catalog, clock: Clock
) -> tuple[Background, Destinations, Webhooks]:
    """The parts that work by themselves, the destinations that they deliver to, and the webhooks that lead there."""
    destinations = Destinations(database, catalog.audit, SecretsSafe(catalog), clock)
    mail_server = MailServer.parse(settings.smtp_url, settings.smtp_from) if settings.smtp_url else None
    url = f"http://{settings.host}:{settings.port}"
    courier = Courier(database, destinations, clock, mail_server=mail_server, url=url)
    kept = RetentionSettings(run_days=settings.run_retention_days, runs_per_job=settings.kept_runs_per_job)
    workflows = EndedWorkflows(database_url(home, settings, "dbos"))
    records = OldRecords(database, RecordSettings(settings.audit_retention_days, settings.lineage_retention_days))
    retention = Retention(database, home, kept, tokens=catalog.identities, workflows=workflows, records=records)
    housekeeping = Housekeeping(retention, kept, catalog, clock)
    clockwork = Clockwork(Parts(database, catalog, clock))
    telling = WebhookParts(database, catalog.events, catalog.identities, KNOWN_TYPES, clock)
    webhooks = Webhooks(telling, destinations, catalog.audit)
    return Background(clockwork, courier, WebhookPump(telling), housekeeping, workflows), destinations, webhooks
