"""Strict shapes for what people write: every field is known, and one that we do not act on is reported.

A shape is a pydantic model that refuses unknown fields. A field that the original platform knows and Boathouse does
not act on is declared with :data:`Unused`, so that it is accepted and listed, never silently dropped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar, cast

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.yaml_source import KeyPath

_LONGEST_SHOWN = 100
"""Of a value that is wrong: characters in the message."""


TEXT_FOR_NUMBER = "text_for_number"
"""The type of the error of a text where a number is wanted."""
EXACT = "exact_numbers"
"""In a validation's context: texts do not count as numbers in any shape."""


def _text_is_number(given: Any, info: ValidationInfo) -> Any:
    if isinstance(given, str) and not (isinstance(info.context, Mapping) and EXACT in info.context):
        return given
    return _number(given, info)


def _number(given: Any, _: ValidationInfo) -> Any:
    if isinstance(given, bool):
        raise PydanticCustomError("truth_for_number", "a number is needed, and this is true or false")
    if isinstance(given, str):
        raise PydanticCustomError(TEXT_FOR_NUMBER, "a number is needed, and this is a text")
    return given


def _with_exact_numbers(schema: Any, check: Any) -> Any:
    """A core schema whose numbers are asked first whether they are any. Shapes within have done that themselves."""
    if isinstance(schema, list):
        return [_with_exact_numbers(each, check) for each in cast(list[Any], schema)]
    if isinstance(schema, tuple):
        return tuple(_with_exact_numbers(each, check) for each in cast(tuple[Any, ...], schema))
    if not isinstance(schema, dict):
        return schema
    parts = cast(dict[str, Any], schema)
    kind = parts.get("type")
    if kind in ("int", "float"):
        return core_schema.with_info_before_validator_function(check, cast(CoreSchema, parts))
    if kind == "model" or (kind == "function-before" and parts["function"].get("function") in _CHECKS):
        return parts
    return {key: value if key in _NO_SCHEMA else _with_exact_numbers(value, check) for key, value in parts.items()}


_CHECKS = (_number, _text_is_number)
_NO_SCHEMA = frozenset({"default", "metadata", "function", "serialization", "cls", "config", "expected", "members"})


class Shape(BaseModel):
    """The base of every strict shape. ``true`` is no number in any of them."""

    model_config = ConfigDict(extra="forbid", strict=False, validate_default=False, allow_inf_nan=False)
    texts_are_numbers: ClassVar[bool] = True
    """Whether ``"1"`` counts as a number: programs write numbers so, people do it by mistake."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        made = handler(source)
        whole = cast(dict[str, Any], handler.resolve_ref_schema(made))
        while whole["type"] != "model":  # validators of the whole stand around it
            whole = cast(dict[str, Any], handler.resolve_ref_schema(whole["schema"]))
        whole["schema"] = _with_exact_numbers(whole["schema"], _text_is_number if cls.texts_are_numbers else _number)
        return made


class ExactShape(Shape):
    """A shape that only people write: a number in quotes is none."""

    texts_are_numbers = False


class _UnusedMarker:
    """Marks a field that is accepted and reported."""


Unused = Annotated[Any, _UnusedMarker()]
"""The type of a field that is known to the original platform and not acted on here; give it the default None."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document."""

    path: KeyPath
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        where = dotted(self.path)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} {self.hint}" if self.hint else text


class DoesNotFit(InvalidInput):
    """A document that does not fit its shape; ``problems`` holds everything that is wrong with it."""

    def __init__(self, what: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"{what} is not valid:{lines}")


S = TypeVar("S", bound=Shape)


def fit(shape: type[S], data: Any, *, what: str) -> S:
    """Read ``data`` as ``shape``.

    Raises:
        DoesNotFit: It does not fit; all problems are listed at once.
    """
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        raise DoesNotFit(what, problems_of(error, shape)) from error


def problems_of(error: ValidationError, shape: type[BaseModel]) -> list[Problem]:
    """What a validation error says, in our words, with a suggestion for a field that nobody knows."""
    problems: list[Problem] = []
    for detail in error.errors(include_url=False, include_context=True):
        path = detail["loc"]
        match detail["type"]:
            case "extra_forbidden":
                known = _fields_at(shape, path[:-1])
                problems.append(Problem(path, f"unknown field {path[-1]!r}.", did_you_mean(str(path[-1]), known)))
            case "missing":
                problems.append(Problem(path, "this field is required."))
            case "value_error":
                problems.append(Problem(path, str(detail.get("ctx", {}).get("error", detail["msg"]))))
            case _:
                found = detail["input"]
                shown = f" (found {_shown(found)})" if isinstance(found, str | int | float | bool) else ""
                problems.append(Problem(path, f"{detail['msg']}{shown}."))
    return problems


def unused_fields(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The paths of the fields that somebody set and that we do not act on."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        for name in value.model_fields_set:
            if name not in fields:
                continue
            here = (*path, fields[name].alias or name)
            if any(isinstance(mark, _UnusedMarker) for mark in fields[name].metadata):
                yield here
            else:
                yield from unused_fields(getattr(value, name), here)
    elif isinstance(value, Mapping):
        for key, item in cast(Mapping[str, Any], value).items():
            yield from unused_fields(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast(Sequence[Any], value)):
            yield from unused_fields(item, (*path, index))


def dotted(path: KeyPath) -> str:
    """``('tasks', 0, 'task_key')`` as people write it: ``tasks[0].task_key``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _shown(value: str | float) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..., {len(text):,} characters"


def _fields_at(shape: type[BaseModel], path: KeyPath) -> set[str]:
    """The names of the fields that the shape has at ``path``, as far as the annotations tell."""
    current: set[type[BaseModel]] = {shape}
    for part in path:
        if isinstance(part, int):
            continue
        following: set[type[BaseModel]] = set()
        for model in current:
            info = model.model_fields.get(part)
            following |= _models_in(info) if info else {model}
        current = following
    return {name for model in current for name in model.model_fields}


def _models_in(info: FieldInfo) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    pending: list[Any] = [info.annotation]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found.add(annotation)
        pending.extend(getattr(annotation, "__args__", ()))
    return found
