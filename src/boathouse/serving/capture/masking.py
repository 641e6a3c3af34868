"""Values that nobody shall see: in their place stands a hash with a key, so that equal ones stay equal."""

import hmac
import os
import secrets
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import orjson

from boathouse.serving.capture.texts import text_of

PREFIX = "masked:"
_KEY_BYTES = 32
_HEX_DIGITS = 32


class Masks:
    """Hashes values with the key of a home."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, value: Any) -> str | None:
        """What stands in the place of a value; of nothing nothing. ``1`` and ``1.0`` are the same value."""
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        content = (text_of(value) or "").encode()
        return PREFIX + hmac.new(self._key, content, sha256).hexdigest()[:_HEX_DIGITS]

    def record(self, record: Mapping[str, Any], masked: Collection[str]) -> dict[str, Any]:
        """A mapping with the values of some names masked."""
        return {name: self.of(value) if name in masked else value for name, value in record.items()}

    def within(self, value: Any, masked: Collection[str]) -> Any:
        """A value with what lies in it under some names masked."""
        return self._everywhere(value, masked)

    def body(self, body: bytes, masked: Collection[str]) -> bytes | None:
        """A request or answer in JSON with the values of some columns masked, wherever one has their name.

        None: it is no JSON, or has values without names, among which theirs may be.
        """
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(found, dict):
            return None
        parts = cast("dict[str, Any]", found)
        split = parts.get("dataframe_split")
        if isinstance(split, dict):
            replaced = self._split(cast("dict[str, Any]", split), masked)
            return None if replaced is None else orjson.dumps({**parts, "dataframe_split": replaced})
        for name in ("instances", "inputs"):
            values = parts.get(name)
            if isinstance(values, list) and not all(isinstance(each, dict) for each in cast("list[Any]", values)):
                return None
        return orjson.dumps(self._everywhere(parts, masked))

    def _split(self, split: dict[str, Any], masked: Collection[str]) -> dict[str, Any] | None:
        columns, data = split.get("columns"), split.get("data")
        if not isinstance(columns, list) or not isinstance(data, list):
            return None
        places = {place for place, name in enumerate(cast("list[Any]", columns)) if str(name) in masked}
        rows: list[Any] = []
        for row in cast("list[Any]", data):
            if not isinstance(row, list):
                rows.append(self.of(row) if places else row)
                continue
            values = cast("list[Any]", row)
            rows.append([self.of(value) if place in places else value for place, value in enumerate(values)])
        return {**split, "data": rows}

    def _everywhere(self, value: Any, masked: Collection[str]) -> Any:
        if isinstance(value, dict):
            mapping = cast("dict[str, Any]", value)
            return {name: self._value(name, inner, masked) for name, inner in mapping.items()}
        if isinstance(value, list):
            return [self._everywhere(each, masked) for each in cast("list[Any]", value)]
        return value

    def _value(self, name: str, value: Any, masked: Collection[str]) -> Any:
        if name not in masked:
            return self._everywhere(value, masked)
        if isinstance(value, list):  # a column
            return [self.of(each) for each in cast("list[Any]", value)]
        return self.of(value)


def masks_of(key_file: Path) -> Masks:
    """With the key in a file, which is made when it is not there; only its owner can read it."""
    try:
        key = key_file.read_bytes()
    except FileNotFoundError:
        key_file.parent.mkdir(parents=True, exist_ok=True)
        made = secrets.token_bytes(_KEY_BYTES)
        beside = key_file.with_name(f"{key_file.name}.{os.getpid()}.new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(made)
            os.fsync(file.fileno())
        try:
            os.link(beside, key_file)  # whoever was faster has made the key
        except FileExistsError:
            pass
        finally:
            beside.unlink()
        key = key_file.read_bytes()
    return Masks(key)
