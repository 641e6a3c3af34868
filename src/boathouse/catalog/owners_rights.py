"""What lies behind a view or a function, resolved with the rights of its owner: the one place where this is decided.

Who may read a view may see what it shows; what it reads is the concern of its owner, who must still hold the
privileges when somebody else reads. Behind a view on a view the second owner is asked, and so on.
"""

from dataclasses import replace

from boathouse.catalog.definitions import Behind, Dependency, Function, Language, View
from boathouse.catalog.functions import Functions
from boathouse.catalog.hierarchy import in_words
from boathouse.catalog.identities import Identities
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.securables import INFORMATION_SCHEMA, SYSTEM_CATALOG, Securable, SecurableKind, Table
from boathouse.catalog.tables import Securables
from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.names import FunctionName, TableName
from boathouse.foundation.principals import Principal

DEEPEST = 20
"""Views and functions that may stand behind one another."""

Path = tuple[Securable, ...]
"""The views and functions on the way to a dependency, the outermost first."""


class OwnersRights:
    """Opens views and functions, each with the rights of its owner."""

    def __init__(self, securables: Securables, functions: Functions, identities: Identities) -> None:
        self._securables = securables
        self._functions = functions
        self._identities = identities

    def opened_table(self, table: Table, path: Path = ()) -> Table:
        """A view with all that lies behind it; any other table as it is.

        Raises:
            NotFound: Something behind it is gone; the message names it and the view that reads it.
            Denied: An owner may not read it (any more).
            InvalidInput: The view leads back to itself, or too many stand behind one another.
        """
        if table.view is None:
            return table
        behind = self._behind(table.securable, table.view.dependencies, path)
        return replace(table, view=replace(table.view, behind=behind))

    def opened_function(self, function: Function, path: Path = ()) -> Function:
        """A function with all that lies behind it. Raises as :meth:`opened_table`."""
        if function.language is Language.FEATURE_SPEC:
            return function
        return replace(function, behind=self._behind(function.securable, function.dependencies, path))

    def opened_view(self, securable: Securable, view: View) -> View:
        """As :meth:`opened_table`, of a view that is about to be made."""
        return replace(view, behind=self._behind(securable, view.dependencies, ()))

    def _behind(self, securable: Securable, dependencies: tuple[Dependency, ...], path: Path) -> Behind:
        path = (*path, securable)
        _require_an_end(path)
        governed = [each for each in dependencies if not is_computed(each)]
        if not governed:
            return Behind()
        owner = self._owner(path)
        tables = [self._table(owner, each, path) for each in governed if each.kind is SecurableKind.TABLE]
        functions = [self._function(owner, each, path) for each in governed if each.kind is SecurableKind.FUNCTION]
        return Behind(tuple(tables), tuple(functions))

    def _owner(self, path: Path) -> Principal:
        securable = path[-1]
        try:
            return self._identities.as_owner(securable.owner)
        except (NotFound, Denied) as error:
            raise Denied(
                f"{_spelled(securable)} acts with the rights of its owner: {error.message}",
                hint="An administrator can give it another owner.",
            ) from error

    def _table(self, owner: Principal, dependency: Dependency, path: Path) -> Table:
        name = TableName.parse(dependency.full_name)
        try:
            table = self._securables.resolve_table(owner, name, Privilege.SELECT)
        except (NotFound, Denied) as error:
            raise _explained(error, dependency, path) from error
        return self.opened_table(table, path)

    def _function(self, owner: Principal, dependency: Dependency, path: Path) -> Function:
        name = FunctionName.parse(dependency.full_name)
        try:
            function = self._functions.resolve(owner, name)
        except (NotFound, Denied) as error:
            raise _explained(error, dependency, path) from error
        return self.opened_function(function, path)


def is_computed(dependency: Dependency) -> bool:
    """Whether the name is a system table: those show each reader what that reader may see, behind a view too."""
    catalog, schema, _ = dependency.full_name.split(".")
    return dependency.kind is SecurableKind.TABLE and (catalog == SYSTEM_CATALOG or schema == INFORMATION_SCHEMA)


def _require_an_end(path: Path) -> None:
    keys = [(each.kind, each.full_name) for each in path]
    if keys[-1] in keys[:-1]:
        names = " -> ".join(each.full_name for each in path[keys.index(keys[-1]) :])
        raise InvalidInput(f"{_spelled(path[-1])} leads back to itself: {names}.")
    if len(path) > DEEPEST:
        raise InvalidInput(
            f"More than {DEEPEST} views or functions stand behind {_spelled(path[0])}.",
            hint="Read from a table or view that is closer to the data.",
        )


def _explained(error: NotFound | Denied, dependency: Dependency, path: Path) -> NotFound | Denied:
    at = path[-1]
    wanted = f"{in_words(dependency.kind)} {dependency.full_name}"
    through = "".join(f" (behind {_spelled(each, capital=False)})" for each in path[-2::-1])
    if isinstance(error, NotFound):
        known = error.hint or f"Bring it back, or change the {in_words_of(at)}."
        lost = f"was not found, or is closed to its owner {at.owner}"
        return NotFound(f"{_spelled(at)} reads {wanted}, which {lost}{through}.", hint=known)
    message = f"{_spelled(at)} reads {wanted} with the rights of its owner {at.owner}{through}: {error.message}"
    return Denied(message, hint=error.hint)


def in_words_of(securable: Securable) -> str:
    return "view" if securable.kind is SecurableKind.TABLE else in_words(securable.kind)


def _spelled(securable: Securable, *, capital: bool = True) -> str:
    noun = in_words_of(securable)
    return f"{noun.capitalize() if capital else noun} {securable.full_name}"
