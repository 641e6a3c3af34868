"""The parts of the law, joined in one place."""

from boathouse.catalog.audit import Audit
from boathouse.catalog.bootstrap import Bootstrap
from boathouse.catalog.grants import Grants
from boathouse.catalog.identities import Identities
from boathouse.catalog.lawbook import LawBook
from boathouse.catalog.lineage import Lineage
from boathouse.catalog.pins import Pins
from boathouse.catalog.tables import Securables
from boathouse.catalog.tokens import Tokens
from boathouse.foundation.clock import Clock, SystemClock
from boathouse.foundation.home import Home
from boathouse.metastore import Database


class Catalog:
    """Names, owners, grants, audit, lineage, identities and pins over one database.

    Example:
        catalog = Catalog(database, home)
        catalog.bootstrap("alice")
        catalog.grants.require(principal, Privilege.SELECT, SecurableKind.TABLE, "prod.flights.weather")
    """

    def __init__(self, database: Database, home: Home, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        book = LawBook(database)
        self.audit = Audit(database, clock)
        self.grants = Grants(database, clock, self.audit, book)
        self.securables = Securables(database, home, clock, self.audit, self.grants, book)
        self.lineage = Lineage(database, clock, self.grants)
        self.identities = Identities(database, clock, self.audit, Tokens(database, clock, self.audit), book)
        self.pins = Pins(database, clock, self.audit, self.grants)
        self._bootstrap = Bootstrap(database, clock, self.securables, self.grants, self.identities)

    def bootstrap(self, os_user: str) -> str | None:
        """Make what every Boathouse has, as far as it is missing; the secret of the administrator's token at the first
        start, None at any other."""
        return self._bootstrap.run(os_user)
