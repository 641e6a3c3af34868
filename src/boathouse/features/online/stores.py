"""Online stores as a session knows them: registered, looked up, opened."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from boathouse.features.online.addresses import resolved
from boathouse.features.online.contract import OnlineStore
from boathouse.features.online.nouns import NewPublication, OnlineStoreInfo, Outcome, Publication
from boathouse.features.online.opening import open_store
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.principals import Principal
from boathouse.session import Session


class OnlineRegistry(Protocol):
    """What there is to know of online stores and of what is published to them."""

    def create_store(self, principal: Principal, name: str, kind: str, url: str | None) -> OnlineStoreInfo: ...
    def store(self, principal: Principal, name: str) -> OnlineStoreInfo: ...
    def stores(self, principal: Principal) -> Sequence[OnlineStoreInfo]: ...
    def delete_store(self, principal: Principal, name: str) -> None: ...
    def declare(self, principal: Principal, new: NewPublication) -> Publication: ...
    def done(self, principal: Principal, online_table: str, outcome: Outcome) -> None: ...
    def publication(self, principal: Principal, online_table: str) -> Publication: ...
    def publications(self, principal: Principal, source_table: str | None = None) -> Sequence[Publication]: ...
    def forget(self, principal: Principal, online_table: str) -> None: ...
    def secret(self, principal: Principal, scope: str, key: str) -> str: ...


def registry_of(session: Session) -> OnlineRegistry:
    """Where the session's law keeps the registry: in process, or behind the same control plane."""
    from boathouse.session.remote import RemoteLaw

    if isinstance(session.law, RemoteLaw):
        from boathouse.features.online.registry.remote import RemoteOnlineRegistry

        return RemoteOnlineRegistry(session.law.client)
    from boathouse.session.local import LocalLaw

    if isinstance(session.law, LocalLaw):
        from boathouse.features.online.registry.service import LocalOnlineRegistry

        return LocalOnlineRegistry(session.law.catalog)
    raise InvalidInput("This session knows of no online stores.")


def create(
    session: Session, name: str, *, kind: str = "lmdb", url: str | None = None, capacity: str | None = None
) -> OnlineStoreInfo:
    """Register an online store.

    Args:
        capacity: Accepted for compatibility; a store here is as large as its machine.

    Raises:
        Denied: Only administrators may.
        AlreadyExists: The name is taken.
        InvalidInput: The address does not fit the kind, or holds a password.
    """
    return registry_of(session).create_store(session.principal, name, kind, url)


def get(session: Session, name: str) -> OnlineStoreInfo | None:
    """A store by its name; None when there is none."""
    try:
        return known(session, name)
    except NotFound:
        return None


def known(session: Session, name: str) -> OnlineStoreInfo:
    """A store by its name.

    Raises:
        NotFound: There is none.
    """
    return registry_of(session).store(session.principal, name)


def listed(session: Session) -> list[OnlineStoreInfo]:
    """All stores, the default one first."""
    return list(registry_of(session).stores(session.principal))


def delete(session: Session, name: str) -> None:
    """Forget a store.

    Raises:
        Conflict: Something is published to it.
    """
    registry_of(session).delete_store(session.principal, name)


def require_in(session: Session, online_table: str, store: str) -> None:
    """Refuse a store in which an online table does not lie.

    Raises:
        NotFound: Says in which it lies, or that nothing is published under that name.
    """
    found = registry_of(session).publication(session.principal, online_table)
    if found.store != store:
        raise NotFound(f"{online_table} lies in the online store {found.store}, not in {store}.")


def opened_store(session: Session, name: str) -> OnlineStore:
    """A store, ready to be asked.

    Raises:
        NotFound: There is none of that name.
        Denied: The principal may not read the password that its address refers to.
    """
    info = registry_of(session).store(session.principal, name)
    return open_store(replace(info, url=address_of(session, info)))


def address_of(session: Session, store: OnlineStoreInfo) -> str:
    """Where a store is, with its password; never to be shown."""
    registry = registry_of(session)
    return resolved(store.url, lambda scope, key: registry.secret(session.principal, scope, key), os.environ.get)
