"""The verbs on saved queries: keep, open, list, change, forget."""

from collections.abc import Sequence
from dataclasses import replace

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.catalog.securables import is_system
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import Denied, InvalidInput
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.session.saved_queries import repository as rows
from boathouse.session.saved_queries.nouns import QueryDraft, QueryNotFound, SavedQuery, Sharing
from boathouse.session.saved_queries.reading import tables_read


class SavedQueries:
    """Queries that people keep. A query belongs to who has made it; its text runs as whoever opens it."""

    def __init__(self, database: Database, catalog: Catalog, clock: Clock) -> None:
        self._database = database
        self._catalog = catalog
        self._clock = clock

    def create(self, principal: Principal, draft: QueryDraft, *, may_rename: bool = False) -> SavedQuery:
        """Keep a query; the principal owns it. ``may_rename`` adds a number to a name that is taken.

        Raises:
            InvalidInput: Something is missing, or it is shared and no query that can be read.
            AlreadyExists: The principal has one of that name.
        """
        with self._catalog.audit.verb(principal, "session", "createQuery", params={"name": draft.name}):
            draft.require_sound()
            now = self._now()
            reads = _reads(draft)
            with self._database.write() as connection:
                if may_rename:
                    draft = replace(draft, name=_free(draft.name, rows.names_of(connection, principal.name)))
                made = SavedQuery(new_id(), principal.name, draft, now, now, principal.name, reads)
                rows.add(connection, made)
            return made

    def get(self, principal: Principal, query_id: str) -> SavedQuery:
        """A query that the principal may open.

        Raises:
            QueryNotFound: There is none, or it is not for them.
        """
        with self._catalog.audit.verb(principal, "session", "getQuery", params={"query_id": query_id}):
            return self._opened(principal, query_id)

    def list(self, principal: Principal, *, limit: int = 100, offset: int = 0) -> Sequence[SavedQuery]:
        """The queries that the principal may open, what was changed last first."""
        with self._catalog.audit.verb(principal, "session", "listQueries"):
            with self._database.read() as connection:
                found = rows.seen_by(connection, None if principal.is_admin else principal.name)
            readable: dict[str, bool] = {}
            return [each for each in found if self._may_open(principal, each, readable)][offset : offset + limit]

    def update(self, principal: Principal, query_id: str, draft: QueryDraft, *, owner: str | None = None) -> SavedQuery:
        """Say something else of a query, or give it to somebody else.

        Raises:
            Denied: It is somebody else's.
            InvalidInput: Something is missing, or it is shared and no query that can be read.
        """
        with self._catalog.audit.verb(principal, "session", "updateQuery", params={"query_id": query_id}):
            before = self._own(principal, query_id)
            draft.require_sound()
            new_owner = self._catalog.identities.principal(owner).name if owner else before.owner
            changed = replace(before, draft=draft, owner=new_owner, updated_at=self._now(), changed_by=principal.name,
                              reads=_reads(draft))  # fmt: skip
            with self._database.write() as connection:
                rows.replace(connection, changed)
            return changed

    def delete(self, principal: Principal, query_id: str) -> None:
        """Forget a query.

        Raises:
            Denied: It is somebody else's.
        """
        with self._catalog.audit.verb(principal, "session", "deleteQuery", params={"query_id": query_id}):
            self._own(principal, query_id)
            with self._database.write() as connection:
                rows.remove(connection, query_id)

    def require_own(self, principal: Principal, query: SavedQuery) -> None:
        """Go on only for who may change a query: its owner and the administrators.

        Raises:
            Denied: The principal is neither.
        """
        if query.owner != principal.name and not principal.is_admin:
            raise Denied(f"The query {query.draft.name!r} belongs to {query.owner}; only they may change it.",
                         hint="Save a copy of your own.")  # fmt: skip

    def _own(self, principal: Principal, query_id: str) -> SavedQuery:
        found = self._opened(principal, query_id)
        self.require_own(principal, found)
        return found

    def _opened(self, principal: Principal, query_id: str) -> SavedQuery:
        with self._database.read() as connection:
            found = rows.find(connection, query_id)
        if found is None or not self._may_open(principal, found, {}):
            raise QueryNotFound(query_id)
        return found

    def _may_open(self, principal: Principal, query: SavedQuery, readable: dict[str, bool]) -> bool:
        if principal.is_admin or query.owner == principal.name:
            return True
        return query.draft.sharing is Sharing.SHARED and all(
            self._may_read(principal, table, readable) for table in query.reads
        )

    def _may_read(self, principal: Principal, table: str, readable: dict[str, bool]) -> bool:
        if table not in readable:  # of the system's tables everybody sees their own part
            readable[table] = is_system(table) or self._catalog.grants.allows(
                principal, Privilege.SELECT, SecurableKind.TABLE, table
            )
        return readable[table]

    def _now(self) -> int:
        return epoch_ms(self._clock.now())


def _reads(draft: QueryDraft) -> tuple[str, ...]:
    """The tables that one who opens it has to be able to read.

    Raises:
        InvalidInput: It is shared, and it cannot be told what it reads.
    """
    if draft.sharing is Sharing.PRIVATE:
        return ()
    try:
        return tables_read(draft)
    except InvalidInput as error:
        raise InvalidInput(f"This cannot be shared: {error}", hint="Only a query that runs as it is can be.") from error


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free
