"""Which online stores there are and what is published to them: kept beside the catalog, under its law.

Administrators make stores, since what is published leaves the lake for wherever they say. Who may write a feature table
may publish it; who may read it may read what is published of it.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from boathouse.catalog import Catalog, Privilege, Securable, SecurableKind
from boathouse.features.online.addresses import checked_kind, checked_name, checked_url
from boathouse.features.online.nouns import (
    DEFAULT_STORE,
    NewPublication,
    OnlineStoreInfo,
    Outcome,
    Publication,
    StoreKind,
)
from boathouse.features.online.registry import repository as rows
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import AlreadyExists, Conflict, Denied, InvalidInput, NotFound, did_you_mean
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.lake import as_url

_UNPUBLISH = "boathouse features unpublish"
_SERVICE = "features"
_TABLE = SecurableKind.TABLE


class OnlineStoreNotFound(NotFound):
    """There is no such online store."""


class OnlineTableNotFound(NotFound):
    """Nothing is published under that name, as far as the principal may know."""


class StillPublished(Conflict):
    """Something cannot go while it is published."""


class LocalOnlineRegistry:
    """The registry in process. Implements :class:`boathouse.features.online.stores.OnlineRegistry`."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._folder = catalog.home.online

    # Stores

    def create_store(self, principal: Principal, name: str, kind: str, url: str | None) -> OnlineStoreInfo:
        """Register a store.

        Raises:
            Denied: Only administrators may.
            AlreadyExists: The name is taken.
            InvalidInput: The address does not fit the kind, or holds a password.
        """
        with self._catalog.audit.verb(principal, _SERVICE, "createOnlineStore", params={"store": name}) as event:
            _require_admin(principal, "make online stores")
            checked, of_kind = checked_name(name), checked_kind(kind)
            if checked == DEFAULT_STORE:
                raise AlreadyExists(f"The online store {DEFAULT_STORE} is always there.", hint="Take another name.")
            if url is None and of_kind is StoreKind.REDIS:
                raise InvalidInput("A Redis store needs an address.", hint="Give url='redis://host:6379/0'.")
            address = self._own_folder(checked) if url is None else checked_url(of_kind, url)
            made = OnlineStoreInfo(checked, of_kind, address, principal.name, self._now())
            try:
                with self._database.write() as connection:
                    rows.insert_store(connection, made)
                    event.commit_with(connection)
            except IntegrityError as error:
                raise AlreadyExists(f"There is an online store {name} already.") from error
            return made

    def store(self, principal: Principal, name: str) -> OnlineStoreInfo:
        """A store by its name.

        Raises:
            NotFound: There is none.
        """
        with self._database.read() as connection:
            return self._store(connection, name)

    def stores(self, principal: Principal) -> Sequence[OnlineStoreInfo]:
        """All stores, the default one first. Their addresses hold no passwords."""
        with self._database.read() as connection:
            return [self._default(), *rows.stores(connection)]

    def delete_store(self, principal: Principal, name: str) -> None:
        """Forget a store; what lies in it stays where it is.

        Raises:
            Conflict: Something is published to it.
        """
        with self._catalog.audit.verb(principal, _SERVICE, "deleteOnlineStore", params={"store": name}) as event:
            if name == DEFAULT_STORE:
                raise Conflict(f"The online store {DEFAULT_STORE} is always there; it cannot be deleted.")
            with self._database.write() as connection:
                found = self._store(connection, name)
                if found.owner != principal.name:
                    _require_admin(principal, f"delete the online store {name}, which belongs to {found.owner}")
                if published := rows.publications(connection, store=name):
                    raise StillPublished(
                        f"The online store {name} holds {_named(published)}.",
                        hint=_take_away(published),
                    )
                rows.delete_store(connection, name)
                event.commit_with(connection)

    # Publications

    def declare(self, principal: Principal, new: NewPublication) -> Publication:
        """Say what shall be published, before it is. Whoever may write the source may, under a name beside it; one in
        another schema takes the right to make tables there, too.

        Raises:
            Denied, NotFound: The principal may not read and write the source, or take the name; there is no such store.
            Conflict: The online table is that of another source, or lies in another store.
        """
        params = {"source": new.source_table, "store": new.store, "mode": new.mode}
        with self._catalog.audit.verb(
            principal, _SERVICE, "publishTable", _TABLE, new.source_table, {"online_table": new.online_table, **params}
        ) as event:
            source, name = TableName.parse(new.source_table), TableName.parse(new.online_table)
            new = replace(new, source_table=str(source), online_table=str(name))
            table = self._catalog.securables.resolve_table(principal, source, Privilege.SELECT)
            self._catalog.grants.require(principal, Privilege.MODIFY, _TABLE, str(source))
            if name.parent != source.parent:
                self._catalog.grants.require(principal, Privilege.CREATE_TABLE, SecurableKind.SCHEMA, str(name.parent))
            self._require_free_name(new, table.securable)
            with self._database.write() as connection:
                self._store(connection, new.store)
                self._require_same(connection, new, table.securable)
                rows.put_publication(connection, new, table.securable.id, at=self._now(), by=principal.name)
                event.commit_with(connection)
                declared = rows.find_publication(connection, new.online_table)
            assert declared is not None
            return declared.publication

    def done(self, principal: Principal, online_table: str, outcome: Outcome) -> None:
        """Remember what was published."""
        params = {"version": outcome.version, "mode": outcome.mode, "keys": outcome.keys}
        with self._catalog.audit.verb(
            principal, _SERVICE, "publishedTable", params={"online_table": online_table, **params}
        ) as event:
            declared = self._require(principal, online_table, Privilege.MODIFY)
            with self._database.write() as connection:
                rows.set_outcome(connection, declared.publication.online_table, outcome)
                event.commit_with(connection)

    def publication(self, principal: Principal, online_table: str) -> Publication:
        """What is published under a name, for whoever may read its source.

        Raises:
            NotFound: Nothing, as far as the principal may know.
        """
        return self._require(principal, online_table, Privilege.SELECT).publication

    def publications(self, principal: Principal, source_table: str | None = None) -> Sequence[Publication]:
        """What is published of the tables that the principal may read, or of one of them."""
        with self._database.read() as connection:
            found = rows.publications(connection)
        wanted = None if source_table is None else str(TableName.parse(source_table))
        return [
            each.publication
            for each in self._as_called_now(found)
            if wanted in (None, each.publication.source_table)
            and self._catalog.grants.allows(principal, Privilege.SELECT, _TABLE, each.publication.source_table)
        ]

    def forget(self, principal: Principal, online_table: str) -> None:
        """A publication is gone.

        Raises:
            NotFound: There is none.
        """
        with self._catalog.audit.verb(
            principal, _SERVICE, "deleteOnlineTable", params={"online_table": online_table}
        ) as event:
            declared = self._require(principal, online_table, Privilege.MODIFY)
            with self._database.write() as connection:
                rows.delete_publication(connection, declared.publication.online_table)
                event.commit_with(connection)

    def secret(self, principal: Principal, scope: str, key: str) -> str:
        """A password that the address of a store refers to, for whoever may read the secret."""
        return self._catalog.secrets.get(principal, scope, key).decode()

    def require_unpublished(self, connection: Connection, securables: Sequence[Securable]) -> None:
        """Refuse to drop tables that are published.

        Raises:
            Conflict: Names them, and what they are published as.
        """
        ids = {each.id: each.full_name for each in securables if each.kind is _TABLE}
        if published := rows.publications(connection, source_ids=list(ids)) if ids else ():
            names = ", ".join(sorted({ids[each.source_id] for each in published}))
            raise StillPublished(
                f"{names} cannot be dropped: published as {_named(published)}.",
                hint=_take_away(published),
            )

    # What the verbs share

    def _store(self, connection: Connection, name: str) -> OnlineStoreInfo:
        if name == DEFAULT_STORE:
            return self._default()
        found = rows.find_store(connection, name)
        if found is None:
            known = [DEFAULT_STORE, *(each.name for each in rows.stores(connection))]
            raise OnlineStoreNotFound(
                f"There is no online store {name}.",
                hint=did_you_mean(name, known) or "Make one with: boathouse features online-stores create NAME",
            )
        return found

    def _default(self) -> OnlineStoreInfo:
        return OnlineStoreInfo(DEFAULT_STORE, StoreKind.LMDB, self._own_folder(DEFAULT_STORE), SYSTEM.name)

    def _own_folder(self, name: str) -> str:
        return as_url(str(self._folder / name))

    def _require_free_name(self, new: NewPublication, source: Securable) -> None:
        """A table of the catalog and an online table of one name would be taken for one another."""
        if self._exists(new.online_table):
            raise AlreadyExists(
                f"{new.online_table} is a table of the catalog; nothing else can be published under its name.",
                hint=f"Publish {source.full_name} under another one: online_table_name=...",
            )

    def _require_same(self, connection: Connection, new: NewPublication, source: Securable) -> None:
        found = rows.find_publication(connection, new.online_table)
        if found is None:
            return
        known = self._as_called_now([found])[0].publication
        if source.id != found.source_id and (known.source_table != source.full_name or self._is_there(found.source_id)):
            raise StillPublished(
                f"{new.online_table} holds what is published of {known.source_table}, not of {source.full_name}.",
                hint=f"Publish under another name, or take it away first: {_UNPUBLISH} {new.online_table}",
            )
        if known.store != new.store:
            raise StillPublished(
                f"{new.online_table} lies in the online store {known.store}, not in {new.store}.",
                hint=f"Publish to {known.store}, or take it away first: {_UNPUBLISH} {new.online_table}",
            )

    def _require(self, principal: Principal, online_table: str, privilege: Privilege) -> rows.Declared:
        name = str(TableName.parse(online_table))
        with self._database.read() as connection:
            found = rows.find_publication(connection, name)
        if found is not None:
            found = self._as_called_now([found])[0]
            source = found.publication.source_table
            if self._catalog.grants.visible(principal, _TABLE, [source]) or principal.is_admin:
                if self._exists(source):
                    self._catalog.grants.require(principal, privilege, _TABLE, source)
                return found
        known = [each.online_table for each in self.publications(principal)]
        raise OnlineTableNotFound(
            f"Nothing is published as {name}.",
            hint=did_you_mean(name, known) or "Publish a feature table: boathouse features publish TABLE",
        )

    def _as_called_now(self, declared: Sequence[rows.Declared]) -> list[rows.Declared]:
        """A table that was renamed is still the one that is published."""
        names = self._catalog.securables.names_of([each.source_id for each in declared])
        return [
            replace(each, publication=replace(each.publication, source_table=names[each.source_id]))
            if each.source_id in names
            else each
            for each in declared
        ]

    def _is_there(self, table_id: str) -> bool:
        return bool(self._catalog.securables.names_of([table_id]))

    def _exists(self, source: str) -> bool:
        return bool(self._catalog.grants.visible(SYSTEM, _TABLE, [source]))

    def _now(self) -> int:
        return epoch_ms(self._catalog.clock.now())


def _named(published: Sequence[rows.Declared]) -> str:
    names = [each.publication.online_table for each in published]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _take_away(published: Sequence[rows.Declared]) -> str:
    others = "" if len(published) == 1 else ", and the others"
    return f"Take it away first: {_UNPUBLISH} {published[0].publication.online_table}{others}"


def _require_admin(principal: Principal, what: str) -> None:
    if not principal.is_admin:
        raise Denied(f"{principal} may not {what}.", hint="An administrator can.")
