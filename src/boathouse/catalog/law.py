"""The parts of the law, joined in one place."""

from dataclasses import replace

from boathouse.catalog.audit import Audit
from boathouse.catalog.bootstrap import Bootstrap
from boathouse.catalog.delta_tables import DeltaTables
from boathouse.catalog.describing import Describing
from boathouse.catalog.events.log import EventLog
from boathouse.catalog.functions import Functions
from boathouse.catalog.grants import Grants
from boathouse.catalog.handouts import Handouts
from boathouse.catalog.identities import Identities
from boathouse.catalog.lawbook import LawBook
from boathouse.catalog.lineage import Lineage
from boathouse.catalog.owners_rights import OwnersRights
from boathouse.catalog.pins import Pins
from boathouse.catalog.popularity import Popularity
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.reasons import Reasons
from boathouse.catalog.repository.records import EventFilter
from boathouse.catalog.search.finding import Search
from boathouse.catalog.secrets import FileKeys, Keys, Scopes, Vault
from boathouse.catalog.securables import AuditEvent, SecurableKind
from boathouse.catalog.sign_in_links import SignInLinks
from boathouse.catalog.table_logs import TableLogs
from boathouse.catalog.tables import Securables
from boathouse.catalog.tokens import Tokens
from boathouse.catalog.views import Views
from boathouse.foundation.clock import Clock, SystemClock
from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database

AUDIT_SCHEMA = "system.access"
"""Who holds SELECT here may see everybody's audit events."""


class Catalog:
    """Names, owners, grants, audit, lineage, identities and pins over one database.

    Example:
        catalog = Catalog(database, home)
        catalog.bootstrap("alice")
        catalog.grants.require(principal, Privilege.SELECT, SecurableKind.TABLE, "prod.flights.weather")
    """

    def __init__(
        self, database: Database, home: Home, clock: Clock | None = None, *, secret_keys: Keys | None = None
    ) -> None:
        clock = clock or SystemClock()
        self.database, self.home, self.clock = database, home, clock
        book = LawBook(database)
        self.audit = Audit(database, clock)
        self.grants = Grants(database, clock, self.audit, book)
        self.reasons = Reasons(database, self.audit, self.grants, book)
        self.events = EventLog(database, self.grants, clock)
        self.securables = Securables(database, home, clock, self.audit, self.grants, book)
        popularity = Popularity(database, clock, book)
        self.lineage = Lineage(database, clock, self.grants, popularity)
        self.search = Search(database, self.audit, self.grants, popularity, book)
        self.identities = Identities(database, clock, self.audit, Tokens(database, clock, self.audit), book)
        self.sign_in_links = SignInLinks(database, clock, self.audit, self.identities)
        self.pins = Pins(database, clock, self.audit, self.grants)
        self.delta_tables = DeltaTables(self.securables)
        self.table_logs = TableLogs(self.audit, self.securables, self.pins)
        self.handouts = Handouts(database, clock, self.audit, self.grants, self.securables, self.lineage)
        vault = Vault(secret_keys or FileKeys(home.secrets_key_file))
        self.secrets = Scopes(database, clock, self.audit, self.grants, self.securables, vault)
        self.views = Views(database, home, clock, self.audit, self.grants, book)
        self.functions = Functions(database, home, clock, self.audit, self.grants, book)
        self.describing = Describing(
            database,
            self.audit,
            self.grants,
            securables=self.securables,
            functions=self.functions,
            lineage=self.lineage,
            popularity=popularity,
            search=self.search,
        )
        self.owners_rights = OwnersRights(self.securables, self.functions, self.identities)
        self._bootstrap = Bootstrap(database, clock, self.securables, self.grants, self.identities)

    def audit_trail(
        self, principal: Principal, wanted: EventFilter | None = None, *, limit: int | None = 1_000, offset: int = 0
    ) -> list[AuditEvent]:
        """The latest matching audit events: all of them for who may read ``system.access``, else one's own."""
        wanted = wanted or EventFilter()
        if not self.sees_all_events(principal):
            wanted = replace(wanted, principal=principal.name)
        return self.audit.events(wanted, limit=limit, offset=offset)

    def sees_all_events(self, principal: Principal) -> bool:
        """Whether the principal may read everybody's audit events."""
        return self.grants.allows(principal, Privilege.SELECT, SecurableKind.SCHEMA, AUDIT_SCHEMA)

    def bootstrap(self, os_user: str) -> str | None:
        """Make what every Boathouse has, as far as it is missing; the secret of the administrator's token at the first
        start, None at any other."""
        self.search.fill_if_empty()
        return self._bootstrap.run(os_user)
