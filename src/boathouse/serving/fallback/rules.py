# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""A registered function as a rung: over the inputs and features of a request, without asking the control plane."""

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.principals import SYSTEM
from boathouse.serving.fallback.lawless import session_without_law
from boathouse.serving.scoring.columns import column_of
from boathouse.serving.scoring.nouns import Payload

if TYPE_CHECKING:
    import pyarrow as pa

    from boathouse.catalog import Function
    from boathouse.session import Session
    from boathouse.session.frame_functions import FrameFunction


class Rules:
    """One function, made ready by the first request that needs it. For any thread."""

    def __init__(self, function: Mapping[str, Any]) -> None:
        """
        Args:
            function: As the catalog has it (``catalog.definitions.function_json``), and its ``full_name``.
        """
        self._told = function
        self._lock = threading.Lock()
        self._ready: dict[tuple[str, ...], FrameFunction] = {}
        self._session: Session | None = None

    def values(self, payload: Payload, features: Mapping[str, Sequence[Any]]) -> list[Any]:
        """The function's value for each row. A parameter is the feature or the input of its name, else its default.

        Raises:
            InvalidInput: A parameter is given nothing, or the function failed.
        """
        import pyarrow as pa

        from boathouse.session.sql.arrow_types import arrow_type_of

        function = self._function()
        given: dict[str, pa.ChunkedArray] = {}
        for parameter in function.parameters:
            values = features.get(parameter.name)
            if values is None:
                values = column_of(payload, parameter.name)
            if values is not None:
                given[parameter.name] = _array(values, arrow_type_of(parameter.type_text), parameter.name)
            elif parameter.default is None:
                raise InvalidInput(f"{function.full_name} is given nothing for its parameter {parameter.name}")
        with self._lock:  # one process, or one connection, serves one call at a time
            return self._prepared(function, tuple(given)).values(list(given.values()), payload.rows).to_pylist()

    def close(self) -> None:
        with self._lock:
            for each in self._ready.values():
                each.close()
            self._ready.clear()

    def _prepared(self, function: "Function", parameters: tuple[str, ...]) -> "FrameFunction":
        from boathouse.session.frame_functions import frame_function

        if parameters not in self._ready:
            if self._session is None:
                self._session = session_without_law()
            self._ready[parameters] = frame_function(self._session, function, parameters)
        return self._ready[parameters]

    def _function(self) -> "Function":
        from boathouse.catalog import Securable, SecurableKind
        from boathouse.catalog.definitions import function_of

        name = str(self._told.get("full_name") or self._told["name"])
        return function_of(Securable("", SecurableKind.FUNCTION, name, owner=SYSTEM.name), self._told)


def _array(values: Sequence[Any], wanted: "pa.DataType", name: str) -> "pa.ChunkedArray":
    import pyarrow as pa

    try:
        try:
            return pa.chunked_array([pa.array(values, wanted)])
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return pa.chunked_array([pa.array(values).cast(wanted)])
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InvalidInput(f"the parameter {name} cannot be a {wanted}: {error}") from error
