"""The facts that the law states when it refuses: errors of this room, each under a category of the foundation."""

from collections.abc import Iterable

from boathouse.catalog.hierarchy import in_words
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.rules import Lack
from boathouse.catalog.securables import SecurableKind
from boathouse.foundation.errors import AlreadyExists, Conflict, Denied, NotFound, did_you_mean
from boathouse.foundation.principals import Principal


class SecurableNotFound(NotFound):
    """Nothing of that kind and name exists, or the principal may not know of it: both read the same."""

    def __init__(self, kind: SecurableKind, full_name: str, *, known: Iterable[str] = ()) -> None:
        noun = in_words(kind)
        names = list(known)
        elsewhere = [name for name in names if name.rpartition(".")[2] == full_name.rpartition(".")[2]]
        hint = did_you_mean(full_name, names) or did_you_mean(full_name, elsewhere, cutoff=0.0)
        super().__init__(f"{noun.capitalize()} {full_name} was not found.", hint=hint)


class SecurableExists(AlreadyExists):
    """The name is taken by a thing of the same kind."""

    def __init__(self, kind: SecurableKind, full_name: str) -> None:
        super().__init__(f"{in_words(kind).capitalize()} {full_name} already exists.")


class PrivilegeMissing(Denied):
    """The principal knows of the thing and may not do this to it."""

    def __init__(
        self, principal: Principal, wanted: Privilege, kind: SecurableKind, full_name: str, lack: Lack
    ) -> None:
        where = f"{in_words(lack.node.kind)} {lack.node.full_name}"
        message = (
            f"{principal} may not use {wanted} on {in_words(kind)} {full_name}: {lack.privilege} on {where} is missing."
        )
        hint = f"{lack.node.owner}, who owns the {where}, or an administrator can grant it."
        super().__init__(message, hint=hint)


class StillHolds(Conflict):
    """A container that is not empty."""

    def __init__(self, kind: SecurableKind, full_name: str, held: Iterable[str], *, hint: str) -> None:
        names = list(held)
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        super().__init__(f"{in_words(kind).capitalize()} {full_name} is not empty: it holds {shown}.", hint=hint)


class PrincipalNotFound(NotFound):
    """Nobody has that name."""

    def __init__(self, name: str, *, what: str = "principal", known: Iterable[str] = ()) -> None:
        hint = did_you_mean(name, known) or "See who there is: boathouse users list, boathouse groups list."
        super().__init__(f"There is no {what} {name!r}.", hint=hint)


class PrincipalExists(AlreadyExists):
    """The name is taken, perhaps by a principal of another kind."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(f"There is already a {kind.replace('_', ' ')} named {name!r}.")
