"""Feature specs as text: the file ``feature_spec.yaml`` that a model carries, and the body of a named spec.

The format has a version. A reader takes what it knows and nothing else, and names the line of what it does not.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml
from pydantic import Field

from boathouse.features.clocks import KnownTime
from boathouse.features.feature_spec import Computed, FeatureSpec, Lookup, Output
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import FunctionName, TableName
from boathouse.foundation.shapes import DoesNotFit, Problem, Shape, fit
from boathouse.foundation.yaml_source import YamlSource, parse_yaml

SPEC_FILE = "feature_spec.yaml"
FORMAT = 1

_HEAD = "# Which features a model takes, from where and by which keys. Written by Boathouse.\n"


def spec_text(spec: FeatureSpec) -> str:
    """The text of a spec."""
    document = {
        "format": FORMAT,
        "steps": [_computed_json(step) if isinstance(step, Computed) else _lookup_json(step) for step in spec.steps],
        "exclude": list(spec.exclude),
        "labels": list(spec.labels),
        "inputs": list(spec.inputs),
        "frame": dict(spec.frame),
        "table_versions": dict(spec.table_versions),
        "named": spec.named,
    }
    kept = {key: value for key, value in document.items() if value or key == "steps"}
    text = _yaml(kept, allow_unicode=True)
    return _HEAD + (_yaml(kept, allow_unicode=False) if _ODD_LINE_ENDS & set(text) else text)


_ODD_LINE_ENDS = {"\x85", "\u2028", "\u2029"}
"""A reader of YAML takes these for the end of a line, so they can only be written as escapes."""


def _yaml(document: dict[str, Any], *, allow_unicode: bool) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=allow_unicode, width=120)


@lru_cache(maxsize=512)
def read_spec(text: str, *, place: str = SPEC_FILE) -> FeatureSpec:
    """The spec that a text describes; the same one for the same text: endpoints ask for theirs every few seconds.

    Args:
        place: Where the text comes from, for messages.

    Raises:
        InvalidInput: It is no feature spec, or one of a format that this version does not know.
    """
    source = parse_yaml(text, Path(place))
    _require_format(source.data, place)
    try:
        return _spec_of(fit(_SpecShape, source.data, what=f"The feature spec {place}"))
    except DoesNotFit as error:
        raise DoesNotFit(f"The feature spec {place}", _with_lines(error.problems, source)) from error


def _require_format(data: Any, place: str) -> None:
    if not isinstance(data, dict) or "format" not in data:
        raise InvalidInput(
            f"{place} is no feature spec: it does not say its format.", hint="Give the file as it was written."
        )
    number = cast(dict[str, Any], data)["format"]
    if number != FORMAT:
        raise InvalidInput(
            f"{place} is a feature spec of format {number!r}; this version of Boathouse reads format {FORMAT}.",
            hint="Use the version of Boathouse that has written it, or a newer one.",
        )


def _with_lines(problems: Sequence[Problem], source: YamlSource) -> list[Problem]:
    return [
        Problem(each.path, f"{each.message} (line {source.position(each.path).line})", each.hint) for each in problems
    ]


class _KnownShape(Shape):
    column: str | None = None
    lag_seconds: float = 0


class _OutputShape(Shape):
    feature: str
    name: str
    type: str
    default: Any = None


class _LookupShape(Shape):
    table: str
    keys: dict[str, str] = Field(min_length=1)
    outputs: list[_OutputShape] = Field(min_length=1)
    event: str | None = None
    known: _KnownShape = Field(default_factory=_KnownShape)
    at: str | None = None
    lookback_seconds: float | None = None


class _ComputedShape(Shape):
    function: str
    inputs: dict[str, str] = Field(default_factory=dict[str, str])
    name: str
    type: str


class _StepShape(Shape):
    lookup: _LookupShape | None = None
    compute: _ComputedShape | None = None


class _SpecShape(Shape):
    format: Literal[1]
    steps: list[_StepShape]
    exclude: list[str] = Field(default_factory=list[str])
    labels: list[str] = Field(default_factory=list[str])
    inputs: list[str] = Field(default_factory=list[str])
    frame: dict[str, str] = Field(default_factory=dict[str, str])
    table_versions: dict[str, int] = Field(default_factory=dict[str, int])
    named: str | None = None


def _spec_of(shape: _SpecShape) -> FeatureSpec:
    return FeatureSpec(
        steps=tuple(_step_of(each, position) for position, each in enumerate(shape.steps)),
        exclude=tuple(shape.exclude),
        labels=tuple(shape.labels),
        table_versions=shape.table_versions,
        frame=tuple(shape.frame.items()),
        inputs=tuple(shape.inputs),
        named=shape.named,
    )


def _step_of(shape: _StepShape, position: int) -> Lookup | Computed:
    if (shape.lookup is None) == (shape.compute is None):
        problem = Problem(("steps", position), "a step is either a lookup or a compute")
        raise DoesNotFit("The feature spec", [problem])
    if shape.compute is not None:
        given = shape.compute
        return Computed(FunctionName.parse(given.function), tuple(given.inputs.items()), given.name, given.type)
    assert shape.lookup is not None
    return _lookup_of(shape.lookup)


def _lookup_json(lookup: Lookup) -> dict[str, Any]:
    found: dict[str, Any] = {
        "table": str(lookup.table),
        "keys": {entity: column for column, entity in lookup.keys},
        "event": lookup.event,
        "known": _known_json(lookup.known),
        "at": lookup.at,
        "lookback_seconds": None if lookup.lookback is None else _seconds(lookup.lookback),
        "outputs": [_output_json(output) for output in lookup.outputs],
    }
    return {"lookup": {key: value for key, value in found.items() if value is not None}}


def _lookup_of(shape: _LookupShape) -> Lookup:
    known = KnownTime(shape.known.column, timedelta(seconds=shape.known.lag_seconds))
    return Lookup(
        table=TableName.parse(shape.table),
        keys=tuple((column, entity) for entity, column in shape.keys.items()),
        outputs=tuple(Output(each.feature, each.name, each.type, _value_of(each.default)) for each in shape.outputs),
        event=shape.event,
        known=known,
        at=shape.at,
        lookback=None if shape.lookback_seconds is None else timedelta(seconds=shape.lookback_seconds),
    )


def _known_json(known: KnownTime) -> dict[str, Any] | None:
    if known.column is not None:
        return {"column": known.column}
    return {"lag_seconds": _seconds(known.lag)} if known.lag else None


def _output_json(output: Output) -> dict[str, Any]:
    found = {"feature": output.feature, "name": output.name, "type": output.type_text}
    return found if output.default is None else {**found, "default": _value_json(output.default)}


def _computed_json(step: Computed) -> dict[str, Any]:
    found = {
        "function": str(step.function),
        "inputs": dict(step.inputs),
        "name": step.name,
        "type": step.type_text,
    }
    return {"compute": found}


def _seconds(length: timedelta) -> float:
    seconds = length.total_seconds()
    return int(seconds) if seconds == int(seconds) else seconds


def _value_json(value: Any) -> Any:
    """A default value; what YAML has no plain form for says what it is."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return {"timestamp": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case Decimal():
            return {"decimal": str(value)}
        case bytes():
            return {"binary": base64.b64encode(value).decode()}
        case list() | tuple():
            return [_value_json(each) for each in cast(Sequence[Any], value)]
        case _:
            raise InvalidInput(
                f"A {type(value).__name__} cannot be a default value.",
                hint="Give a number, text, truth value, instant, date, decimal, bytes or a list of such.",
            )


def _value_of(data: Any) -> Any:
    if isinstance(data, list):
        return [_value_of(each) for each in cast(list[Any], data)]
    if not isinstance(data, Mapping):
        return data
    tagged = cast(Mapping[str, Any], data)
    try:
        ((kind, text),) = tagged.items()
        return _READERS[kind](str(text))
    except (ValueError, KeyError, ArithmeticError) as error:
        raise InvalidInput(f"{dict(tagged)} is no default value of a feature spec.") from error


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_READERS = {"timestamp": datetime.fromisoformat, "date": date.fromisoformat, "decimal": Decimal, "binary": _bytes}
