"""Endpoints asked where their models lie: in a query process of the server, which can be killed like any statement."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.home import Home
from boathouse.serving.batch.models import BatchModel, loaded
from boathouse.serving.endpoints.access import Access
from boathouse.serving.snapshot.answering_now import answering_now
from boathouse.session import Session

FolderOf = Callable[[str, int], Path]
"""Where the files of a version lie."""


def endpoints_here(
    catalog: Catalog, home: Home, folder_of: FolderOf
) -> Callable[[Session, str], AbstractContextManager[BatchModel]]:
    """Opens the version that an endpoint asks now, for a principal who may ask the endpoint and use the model."""
    access = Access(catalog)

    @contextmanager
    def opened(session: Session, endpoint: str) -> Generator[BatchModel]:
        found = answering_now(access, home, session.principal, endpoint)
        catalog.grants.require(session.principal, Privilege.EXECUTE, SecurableKind.REGISTERED_MODEL, found.model)
        folder = folder_of(found.model, found.version)
        with loaded(folder, found.model, found.version, session, scratch=home.serving / "scratch") as model:
            yield model

    return opened
