"""Looks over the shoulder of a model that wraps another one: which rows does it hand on?

A wrapper may encode, join and scale before it asks the model inside. What that model is given is what it explains.
"""

from collections.abc import Callable
from typing import Any

from boathouse.models.gates.explaining.explained import NotExplained

_ASKING = ("predict", "predict_proba", "inplace_predict")


def recorded(holder: Any, attribute: str, ask: Callable[[], Any]) -> Any:
    """What the model in an attribute is given while ``ask`` runs.

    Raises:
        NotExplained: It is not asked at all, or in pieces.
    """
    inner = getattr(holder, attribute)
    recorder = _Recorder(inner)
    setattr(holder, attribute, recorder)
    try:
        ask()
    finally:
        setattr(holder, attribute, inner)
    if len(recorder.given) != 1:
        raise NotExplained(f"the model in its attribute {attribute} was asked {len(recorder.given)} times, not once")
    return recorder.given[0]


class _Recorder:
    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.given: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in _ASKING:
            return found

        def asking(rows: Any, *arguments: Any, **options: Any) -> Any:
            self.given.append(rows)
            return found(rows, *arguments, **options)

        return asking
