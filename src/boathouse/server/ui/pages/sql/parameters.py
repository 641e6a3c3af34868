"""The parameters of a text: ``:name`` where a value is to stand, and a field for each."""

import re
from typing import Any

from nicegui import ui

_NO_CODE = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_PARAMETER = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

Json = dict[str, Any]


def parameters_in(text: str) -> list[str]:
    """The names of the parameters, in the order in which they come first; not what stands in texts and comments."""
    return list(dict.fromkeys(_PARAMETER.findall(_NO_CODE.sub(" ", text))))


def typed(name: str, value: str) -> Json:
    """A parameter of a statement. Its type is that which the value looks like; nothing written is null."""
    said = value.strip()
    kind = "STRING"
    if _WHOLE.fullmatch(said):
        kind = "BIGINT"
    elif _NUMBER.fullmatch(said):
        kind = "DOUBLE"
    elif _DAY.fullmatch(said):
        kind = "DATE"
    return {"name": name, "value": said or None, "type": kind} if said else {"name": name, "value": None}


def saved(name: str, value: str) -> Json:
    """The same as a saved query keeps it."""
    found = typed(name, value)
    match found.get("type"):
        case "BIGINT" | "DOUBLE":
            return {"name": name, "numeric_value": {"value": float(value)}}
        case "DATE":
            return {"name": name, "date_value": {"date_value": value.strip()}}
        case _:
            return {"name": name, "text_value": {"value": value}}


def shown(parameter: Json) -> tuple[str, str]:
    """Name and text of a kept parameter."""
    for kind, inner in (("text_value", "value"), ("numeric_value", "value"), ("date_value", "date_value")):
        if kind in parameter:
            value = parameter[kind].get(inner)
            whole = isinstance(value, float) and value.is_integer()
            return str(parameter["name"]), "" if value is None else str(int(value) if whole else value)
    return str(parameter.get("name", "")), ""


class ParameterFields:
    """A field for each parameter of a text; what was typed stays while the text is changed."""

    def __init__(self, values: dict[str, str] | None = None) -> None:
        self._values = dict(values or {})
        self._names: list[str] = []
        self._place = ui.element("div").classes("bh-row")

    def show(self, text: str) -> None:
        """The fields that the text needs."""
        names = parameters_in(text)
        if names == self._names:
            return
        self._names = names
        self._place.clear()
        with self._place:
            for name in names:
                field = ui.input(f":{name}", value=self._values.get(name, "")).props("outlined dense")
                field.on_value_change(lambda event, name=name: self._values.__setitem__(name, event.value or ""))

    @property
    def typed(self) -> tuple[Json, ...]:
        return tuple(typed(name, self._values.get(name, "")) for name in self._names)

    @property
    def saved(self) -> tuple[Json, ...]:
        return tuple(saved(name, self._values.get(name, "")) for name in self._names)
