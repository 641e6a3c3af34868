"""Names of governed things: catalogs, schemas, and what lives in a schema.

A part is 1 to 255 letters, digits, underscores or hyphens of any script, not beginning with a hyphen. It is compared
in NFC and lower case, so that one thing has one name on every file system and in every client.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar, Self

from boathouse.foundation.errors import InvalidInput

MAX_PART_LENGTH = 255
_PART = re.compile(r"[\w][\w\-]*")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


class InvalidName(InvalidInput):
    """A name that no catalog can hold."""


def normalise_part(text: str, *, what: str = "name") -> str:
    """The canonical form of one part of a name.

    Raises:
        InvalidName: The text is empty, too long, or holds a character that a name cannot have.
    """
    part = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    if not part:
        raise InvalidName(f"A {what} cannot be empty.")
    if len(part) > MAX_PART_LENGTH:
        raise InvalidName(
            f"The {what} {part[:20]}... has {len(part)} characters; at most {MAX_PART_LENGTH} are allowed."
        )
    if not _PART.fullmatch(part):
        raise InvalidName(
            f"{text!r} is not a valid {what}.",
            hint="Use letters, digits, underscores and hyphens, and do not begin with a hyphen.",
        )
    return part


def quote_part(part: str) -> str:
    """The part as Databricks SQL spells it: in backticks where it is not a plain identifier."""
    return part if _PLAIN.fullmatch(part) else "`" + part.replace("`", "``") + "`"


def split_name(text: str) -> list[str]:
    """The raw parts of a dotted name; a part may stand in backticks.

    Example:
        >>> split_name("prod.`my-schema`.trips")
        ['prod', 'my-schema', 'trips']
    """
    parts: list[str] = []
    rest = text.strip()
    while True:
        if rest.startswith("`"):
            end = rest.find("`", 1)
            if end < 0:
                raise InvalidName(f"The name {text!r} has a backtick that is not closed.")
            part, rest = rest[1:end], rest[end + 1 :]
            if rest and not rest.startswith("."):
                raise InvalidName(f"The name {text!r} is not valid: a dot is expected after a closing backtick.")
        else:
            part, dot, tail = rest.partition(".")
            rest = dot + tail
        parts.append(part)
        if not rest:
            return parts
        rest = rest[1:]


@dataclass(frozen=True, slots=True, order=True)
class CatalogName:
    """The name of a catalog."""

    catalog: str

    noun: ClassVar[str] = "catalog"

    def __post_init__(self) -> None:
        object.__setattr__(self, "catalog", normalise_part(self.catalog, what="catalog name"))

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(*_exactly(text, 1, cls.noun))

    def __str__(self) -> str:
        return self.catalog


@dataclass(frozen=True, slots=True, order=True)
class SchemaName:
    """The name of a schema in a catalog."""

    catalog: str
    schema: str

    noun: ClassVar[str] = "schema"

    def __post_init__(self) -> None:
        object.__setattr__(self, "catalog", normalise_part(self.catalog, what="catalog name"))
        object.__setattr__(self, "schema", normalise_part(self.schema, what="schema name"))

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(*_exactly(text, 2, cls.noun))

    @property
    def parent(self) -> CatalogName:
        return CatalogName(self.catalog)

    def __str__(self) -> str:
        return f"{self.catalog}.{self.schema}"


@dataclass(frozen=True, slots=True, order=True)
class ThreeLevelName:
    """The name of something that lives in a schema."""

    catalog: str
    schema: str
    name: str

    noun: ClassVar[str] = "object"

    def __post_init__(self) -> None:
        object.__setattr__(self, "catalog", normalise_part(self.catalog, what="catalog name"))
        object.__setattr__(self, "schema", normalise_part(self.schema, what="schema name"))
        object.__setattr__(self, "name", normalise_part(self.name, what=f"{self.noun} name"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``catalog.schema.name``; parts may stand in backticks.

        Raises:
            InvalidName: There are not exactly three valid parts.
        """
        return cls(*_exactly(text, 3, cls.noun))

    @property
    def parent(self) -> SchemaName:
        return SchemaName(self.catalog, self.schema)

    def quoted(self) -> str:
        """The name as Databricks SQL spells it."""
        return ".".join(quote_part(part) for part in (self.catalog, self.schema, self.name))

    def __str__(self) -> str:
        return f"{self.catalog}.{self.schema}.{self.name}"


class TableName(ThreeLevelName):
    """The name of a table."""

    noun: ClassVar[str] = "table"


class VolumeName(ThreeLevelName):
    """The name of a volume."""

    noun: ClassVar[str] = "volume"


class ModelName(ThreeLevelName):
    """The name of a registered model."""

    noun: ClassVar[str] = "model"


class FunctionName(ThreeLevelName):
    """The name of a function."""

    noun: ClassVar[str] = "function"


_PATTERNS = {1: "catalog", 2: "catalog.schema", 3: "catalog.schema.name"}


def _exactly(text: str, count: int, noun: str) -> list[str]:
    parts = split_name(text)
    if len(parts) != count:
        raise InvalidName(
            f"{text!r} is not a valid {noun} name: it has {len(parts)} part{'s' * (len(parts) != 1)}.",
            hint=f"Write it as {_PATTERNS[count]}.",
        )
    return parts
