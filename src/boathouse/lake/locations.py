"""Where tables live: URLs outside, whatever the storage needs inside.

Everything above this room passes URLs, so that object storage can come later without a change there. Today every URL
is ``file:///...``; a plain path is accepted and understood as one.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from boathouse.foundation.errors import InvalidInput

_UNFIT = frozenset("%[]\\")


def as_url(location: str | Path) -> str:
    """The location as a URL without a slash at its end.

    Example:
        >>> as_url("/data/my trips")
        'file:///data/my%20trips'
    """
    return local_path(location).as_uri()


def local_path(location: str | Path) -> Path:
    """The folder or file that a location names.

    Raises:
        InvalidInput: The location is no local path, not absolute, or climbs with ``..``.
    """
    path = location if isinstance(location, Path) else Path(_path_of(location))
    if not path.is_absolute():
        raise InvalidInput(f"The location {str(location)!r} is not absolute.", hint="Write it as file:///folder/table.")
    if ".." in path.parts:
        raise InvalidInput(f"The location {str(location)!r} climbs with '..'; locations must be direct.")
    return path


def table_uri(location: str | Path) -> str:
    """The location as delta-rs wants it.

    Raises:
        InvalidInput: The path holds a character that delta-rs decodes once too often and would then read elsewhere.
    """
    path = local_path(location)
    if unfit := _UNFIT & set(str(path)):
        raise InvalidInput(
            f"A Delta table cannot live in {path}: its path has the character {min(unfit)}.",
            hint="Choose a folder whose path has none of % [ ] and backslash.",
        )
    return path.as_uri()


def _path_of(location: str) -> str:
    if "://" not in location and not location.startswith("file:"):
        return location
    parts = urlsplit(location)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise InvalidInput(
            f"The location {location!r} is not on this machine's disk.", hint="Only file:/// is supported so far."
        )
    if parts.query or parts.fragment:
        raise InvalidInput(
            f"The location {location!r} has a query or a fragment.", hint="Encode '?' as %3F and '#' as %23."
        )
    return unquote(parts.path)
