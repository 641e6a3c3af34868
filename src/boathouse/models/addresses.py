"""How people name a model version: ``NAME``, ``NAME@3``, ``NAME/3``, ``NAME@champion``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import InvalidName, ModelName

_VERSION = re.compile(r"v?([0-9]{1,9})")
_ALIAS = re.compile(r"(?!-?[0-9]+$)[\w\-]{1,255}")
_URI = "models:/"


@dataclass(frozen=True, slots=True)
class ModelAddress:
    """A model, and which of its versions: by number, by alias (or stage), or whichever the verb takes by itself."""

    name: ModelName
    version: int | None = None
    alias: str | None = None

    def __str__(self) -> str:
        which = self.alias if self.version is None else str(self.version)
        return str(self.name) if which is None else f"{self.name}@{which}"

    @property
    def which(self) -> str | None:
        """Number or alias as the REST paths take it; None when neither was given."""
        return self.alias if self.version is None else str(self.version)


def parse_address(text: str) -> ModelAddress:
    """Read an address; MLflow's URIs ``models:/NAME/3`` and ``models:/NAME@champion`` are understood too.

    Raises:
        InvalidInput: It is none.

    Example:
        >>> str(parse_address("prod.flights.delay/3"))
        'prod.flights.delay@3'
    """
    plain = text.strip().removeprefix(_URI).removeprefix("/")
    name, mark, which = _split(plain)
    try:
        model = ModelName.parse(name)
    except InvalidName as error:
        raise InvalidInput(
            f"{text!r} is no address of a model version: {error.message}",
            hint="Write catalog.schema.model@3 or catalog.schema.model@champion.",
        ) from error
    if not mark:
        return ModelAddress(model)
    return read_which(which, model)


def read_which(which: str, name: ModelName) -> ModelAddress:
    """Read what follows the ``@``: a version or an alias.

    Raises:
        InvalidInput: It is neither.
    """
    if found := _VERSION.fullmatch(which):
        number = int(found[1])
        if number == 0:
            raise InvalidInput(f"{name} has no version 0.", hint="Versions count from 1.")
        return ModelAddress(name, version=number)
    if not _ALIAS.fullmatch(which):
        raise InvalidInput(
            f"{which!r} names no version of {name}.", hint=f"Write a number or an alias: {name}@3, {name}@champion."
        )
    return ModelAddress(name, alias=which)


def version_of(address: ModelAddress, aliases: Mapping[str, int], stages: Mapping[str, str]) -> int | None:
    """The version that an address means: its number, or where its alias points, or the alias of the stage it names."""
    if address.version is not None or address.alias is None:
        return address.version
    if address.alias in aliases:
        return aliases[address.alias]
    return aliases.get(stages.get(address.alias, ""))


def _split(text: str) -> tuple[str, str, str]:
    """Name, mark and rest; a part of the name in backticks may hold any character."""
    quoted = False
    for position, character in enumerate(text):
        if character == "`":
            quoted = not quoted
        elif character in "@/" and not quoted:
            return text[:position], character, text[position + 1 :]
    return text, "", ""
