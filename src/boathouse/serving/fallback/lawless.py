"""A session for functions that have been resolved before: nobody is asked, and nothing is read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import SYSTEM

if TYPE_CHECKING:
    from boathouse.session import Session

_ENGINE_MEMORY = "128MB"


class _NobodyToAsk:
    """The law of a process that knows one function and nothing else."""

    def resolve_tables(self, _: object, requests: Sequence[object], __: object) -> list[Any]:
        return self._refused() if requests else []

    def record_lineage(self, _: object, __: object) -> None:
        """Nothing is read."""

    def __getattr__(self, verb: str) -> Any:
        return self._refused

    def _refused(self, *_: Any, **__: Any) -> Any:
        raise NotFound(
            "The function needs a table or another function, which cannot be asked for while answering.",
            hint="Rules are computed from inputs and features alone.",
        )


def session_without_law() -> "Session":
    """A session in which functions are computed over what is given to them, and nothing can be read."""
    from boathouse.lake import DuckDBEngine, DuckDBSettings
    from boathouse.session import Law, Session

    engine = DuckDBEngine(DuckDBSettings(memory_limit=_ENGINE_MEMORY))
    return Session(SYSTEM, cast(Law, _NobodyToAsk()), engine)
