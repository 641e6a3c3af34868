"""What the principals of jobs may see, asked once per round however many triggers watch the same thing."""

from collections.abc import Callable
from typing import Any

from boathouse.catalog import Privilege, Table, Volume
from boathouse.catalog.law import Catalog
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.names import TableName, VolumeName
from boathouse.foundation.principals import Principal


class Sight:
    """Answers for one round; :meth:`renew` begins the next."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[tuple[str, ...], Any] = {}

    def renew(self) -> None:
        """Forget what was true in the last round."""
        self._known.clear()

    def principal(self, name: str) -> Principal:
        """Who this is.

        Raises:
            NotFound: Nobody, any more.
        """
        return self._once(("principal", name), lambda: self._catalog.identities.principal(name))

    def table(self, who: str, name: str) -> Table:
        """A table that they may read.

        Raises:
            NotFound, Denied: They may not, or it is gone.
        """

        def look() -> Table:
            found = TableName.parse(name)
            return self._catalog.securables.resolve_table(self.principal(who), found, Privilege.SELECT)

        return self._once(("table", who, name), look)

    def volume(self, who: str, name: VolumeName) -> Volume:
        """As :meth:`table`, of a volume."""

        def look() -> Volume:
            return self._catalog.securables.resolve_volume(self.principal(who), name, Privilege.READ_VOLUME)

        return self._once(("volume", who, str(name)), look)

    def _once(self, key: tuple[str, ...], look: Callable[[], Any]) -> Any:
        if key not in self._known:
            try:
                self._known[key] = look()
            except BoathouseError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, BoathouseError):
            raise found
        return found
