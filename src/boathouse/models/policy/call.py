"""A request to MLflow as the policy sees it, and the answer as the policy may change it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from boathouse.foundation.errors import InvalidInput, NotFound

LARGEST = 2**31 - 1
"""The largest number that MLflow's databases keep of a version, or skip of a list."""

JsonObject = dict[str, Any]
_WORD = re.compile(r"_([a-z0-9])")
_HALF_A_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(slots=True)
class Call:
    """One request. MLflow takes a field from the path, and from the query or the body, there in snake or in camel case;
    so do we."""

    method: str
    path: str
    """The decoded path, ``/ajax-api`` written as ``/api``."""
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the route's placeholders stand for."""
    query: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: JsonObject = field(default_factory=JsonObject)
    raw: bytes = b""
    """The body as it came, for a route that holds it."""
    reads_query: bool = False
    """Whether MLflow takes the fields from the query: on a GET that has one; from the body otherwise."""
    is_changed: bool = False
    """Whether query or body are no longer what the client sent."""

    def values(self, *names: str) -> list[str]:
        """Every value given for a field under any of its names, wherever it stands."""
        found: list[str] = []
        for name in names:
            if name in self.params:
                found.append(self.params[name])
            if self.reads_query:
                found += self.query.get(name, [])
                continue
            for spelling in {name, camel(name)}:
                found += _strings(name, self.body.get(spelling))
        return [value for value in dict.fromkeys(found) if value]

    def value(self, *names: str) -> str | None:
        """The one value of a field.

        Raises:
            InvalidInput: It is given more than once, differently.
        """
        found = self.values(*names)
        if len(found) > 1:
            raise InvalidInput(f"{names[0]} is given more than once: {', '.join(found)}.")
        return found[0] if found else None

    def require(self, *names: str) -> str:
        """As :meth:`value`, of a field that has to be there."""
        found = self.value(*names)
        if found is None:
            raise InvalidInput(f"Missing value for required parameter {names[0]!r}.")
        return found

    def put(self, name: str, value: Any) -> None:
        """Replace a field, where MLflow looks for it."""
        self.is_changed = True
        if self.reads_query:
            self.query[name] = list(_strings(name, value))
        else:
            self.body.pop(camel(name), None)
            self.body[name] = value


def camel(name: str) -> str:
    """``experiment_id`` as protobuf's JSON spells it: ``experimentId``."""
    return _WORD.sub(lambda match: match.group(1).upper(), name)


def part(value: Any, name: str) -> Any:
    """A field of a nested message, in either spelling; None where there is none."""
    if not isinstance(value, dict):
        return None
    message = cast(JsonObject, value)
    both = {name, camel(name)} & message.keys()
    if len(both) > 1:
        raise InvalidInput(f"{name} is given in two spellings.")
    return message[both.pop()] if both else None


def items(value: Any) -> Iterator[Any]:
    """The elements of a list; of one thing, that thing; of nothing, nothing."""
    if isinstance(value, list):
        yield from cast(list[Any], value)
    elif value is not None:
        yield value


def version_number(text: str) -> int:
    """The number of a version.

    Raises:
        InvalidInput: The text is no number.
        NotFound: It is one that MLflow's database has no room for.
    """
    if not (text.isascii() and text.isdecimal()):
        raise InvalidInput(f"Model version must be an integer, got {text[:40]!r}.")
    if len(text) > len(str(LARGEST)) or int(text) > LARGEST:
        raise NotFound(f"There is no version {text[:40]}.")
    return int(text)


def read_body(raw: bytes) -> JsonObject:
    """The JSON object of a request.

    Raises:
        InvalidInput: It is something else.
    """
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The body is not valid JSON: {error}.") from error
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise InvalidInput("The body has to be a JSON object.")
    if _HALF_A_CHARACTER.search(raw):
        _require_unicode(body)
    return cast(JsonObject, body)


def _require_unicode(value: Any) -> None:
    """JSON can spell half of a surrogate pair, which no database keeps."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput("The body holds a text that is not valid Unicode.") from error


@dataclass(slots=True)
class Reply:
    """An answer of MLflow: status, headers, and the body as far as it has been read."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    rest: Iterator[bytes] | None = None
    """What follows ``body`` when the answer is too long to hold."""

    @property
    def is_good(self) -> bool:
        return self.status < 400

    def json(self) -> JsonObject:
        """The body as an object; empty when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return cast(JsonObject, found) if isinstance(found, dict) else {}

    def whole(self) -> "Reply":
        """The answer with all of its body read."""
        return self if self.rest is None else Reply(self.status, self.headers, self.body + b"".join(self.rest))

    def with_json(self, body: JsonObject) -> "Reply":
        headers = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        return Reply(self.status, headers, json.dumps(body).encode())

    @property
    def error_message(self) -> str | None:
        return None if self.is_good else str(self.json().get("message") or f"MLflow answered {self.status}.")


def json_reply(body: JsonObject, status: int = 200) -> Reply:
    return Reply(status, [("content-type", "application/json")], json.dumps(body).encode())


def _strings(name: str, value: Any) -> Iterable[str]:
    for item in items(value):
        if isinstance(item, bool) or not isinstance(item, str | int):
            raise InvalidInput(f"{name} has to be text, not {item!r}.")
        yield str(item)
