"""Where tables and volumes may lie, and that no two of them share a place."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from boathouse.catalog.securables import SecurableKind
from boathouse.foundation.errors import Conflict, InvalidInput
from boathouse.foundation.home import Home


def path_of(location: str) -> Path:
    """The folder that a ``file://`` URL names, with links and ``..`` resolved.

    Raises:
        InvalidInput: It is not a local folder's URL.
    """
    parts = urlsplit(location)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise InvalidInput(
            f"{location!r} is not a storage location that Boathouse can use.",
            hint="Use the URL of a local folder: file:///data/trips",
        )
    path = Path(unquote(parts.path))
    if not path.is_absolute() or "\0" in str(path):
        raise InvalidInput(f"The storage location {location!r} does not name an absolute path.")
    return path.resolve()


def managed_location(home: Home, kind: SecurableKind, id: str) -> str:
    """The place that is kept for a managed table or volume."""
    folder = home.volumes if kind is SecurableKind.VOLUME else home.tables
    return (folder.absolute() / id).as_uri()


def external_location(home: Home, location: str) -> str:
    """The canonical URL of a place outside our home.

    Raises:
        InvalidInput: It is not a local folder, or lies where Boathouse keeps its own files (or they in it).
    """
    path = path_of(location)
    own = home.root.resolve()
    if path.is_relative_to(own) or own.is_relative_to(path):
        raise InvalidInput(
            f"The storage location {location} lies in Boathouse's own folder or around it.",
            hint="Leave the location out to create a managed table or volume.",
        )
    return path.as_uri()


def require_free(location: str, in_use: Sequence[tuple[SecurableKind, str, str]]) -> None:
    """Refuse a place that another table or volume has, contains or lies in.

    Raises:
        Conflict: Somebody is there already.
    """
    path = path_of(location)
    for _, full_name, other in in_use:
        taken = path_of(other)
        if path.is_relative_to(taken) or taken.is_relative_to(path):
            raise Conflict(f"The storage location {location} is taken by {full_name}.", hint="Choose another folder.")
