"""The workers, as anybody may see them: which are alive, and how much each has to do."""

from collections.abc import Sequence

from boathouse.catalog import Catalog
from boathouse.foundation.principals import Principal
from boathouse.jobs.workers.leases import Lease, Leases
from boathouse.metastore import Database


class Fleet:
    """All workers that share the database, of this home and of others."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._leases = Leases(database)
        self._catalog = catalog

    def workers(self, principal: Principal) -> Sequence[Lease]:
        """Every worker that holds a lease, or has left runs behind. They tell no names of jobs or people."""
        with self._catalog.audit.verb(principal, "jobs", "listWorkers"):
            return self._leases.all()
