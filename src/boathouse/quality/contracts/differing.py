"""What has changed from one contract to another, and whom it concerns. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from boathouse.quality.contracts.nouns import Contract, ContractColumn, by_name
from boathouse.quality.contracts.schema_terms import base_type

_WIDER = {
    ("tinyint", "smallint"), ("tinyint", "int"), ("tinyint", "bigint"), ("smallint", "int"), ("smallint", "bigint"),
    ("int", "bigint"), ("float", "double"), ("date", "timestamp_ntz"),
}  # fmt: skip


class Effect(StrEnum):
    """Whom a change concerns."""

    BREAKING = "breaking"
    """Whoever reads the data as it was promised may fail."""
    WEAKER = "weaker"
    """Less is promised."""
    STRICTER = "stricter"
    """More is promised: whoever writes has more to keep to."""
    TOLD = "told"
    """Words, owners, versions."""


@dataclass(frozen=True, slots=True)
class Change:
    what: str
    effect: Effect

    def to_json(self) -> dict[str, str]:
        return {"effect": self.effect.value, "what": self.what}


def differences(before: Contract, after: Contract) -> list[Change]:
    """Everything that has changed, what breaks first."""
    order = list(Effect)
    found = [*_columns(before, after), *_terms(before, after), *_slas(before, after), *_facts(before, after)]
    return sorted(found, key=lambda each: order.index(each.effect))


def _columns(before: Contract, after: Contract) -> Iterator[Change]:
    old, new = by_name(before.columns), by_name(after.columns)
    for key, column in old.items():
        if key not in new:
            yield Change(f"The column {column.name} is gone.", Effect.BREAKING)
        else:
            yield from _column(column, new[key])
    for key, column in new.items():
        if key not in old:
            effect = Effect.STRICTER
            yield Change(f"The column {column.name} is new{' and required' if column.required else ''}.", effect)


def _column(old: ContractColumn, new: ContractColumn) -> Iterator[Change]:
    name = new.name
    if (old.physical_type or old.logical_type) != (new.physical_type or new.logical_type):
        types = (
            base_type(old.physical_type or old.logical_type or ""),
            base_type(new.physical_type or new.logical_type or ""),
        )
        if types[0] != types[1] or old.physical_type != new.physical_type:
            effect = Effect.WEAKER if types in _WIDER else Effect.BREAKING
            told = f"{old.physical_type or old.logical_type} became {new.physical_type or new.logical_type}"
            yield Change(f"The type of {name} has changed: {told}.", effect)
    if old.required != new.required:
        told = "must be there now" if new.required else "may be missing now"
        yield Change(f"{name} {told}.", Effect.STRICTER if new.required else Effect.BREAKING)
    if old.is_key != new.is_key:
        told = "belongs to the key now" if new.is_key else "does not belong to the key any more"
        yield Change(f"{name} {told}.", Effect.BREAKING)
    if old.classification != new.classification:
        yield Change(f"{name} is classified {new.classification}, {old.classification} before.", Effect.TOLD)
    if old.description != new.description:
        yield Change(f"{name} is described otherwise.", Effect.TOLD)


def _terms(before: Contract, after: Contract) -> Iterator[Change]:
    old, new = ({each.name: each for each in contract.terms} for contract in (before, after))
    gone = {each.name.lower() for each in before.columns} - {each.name.lower() for each in after.columns}
    for name, term in old.items():
        if name not in new and (term.column or "").lower() not in gone:
            yield Change(f"The rule {name!r} is gone.", Effect.WEAKER)
    for name, term in new.items():
        earlier = old.get(name)
        if earlier is None:
            yield Change(f"The rule {name!r} is new: it {term.threshold}.", Effect.STRICTER)
        elif (earlier.sql, earlier.threshold) != (term.sql, term.threshold):
            told = f"{earlier.sql} {earlier.threshold} became {term.sql} {term.threshold}"
            yield Change(f"The rule {name!r} asks something else: {told}.", Effect.WEAKER)
        elif earlier.on_violation is not term.on_violation:
            told = f"{term.on_violation.value}, {earlier.on_violation.value} before"
            yield Change(f"Rows that break {name!r} are met with {told}.", Effect.TOLD)


def _slas(before: Contract, after: Contract) -> Iterator[Change]:
    old, new = ({(each.kind, each.column): each.seconds for each in contract.slas} for contract in (before, after))
    for key in sorted({*old, *new}, key=str):
        told = f"The {key[0].value}{f' of {key[1]}' if key[1] else ''}"
        if key not in new:
            yield Change(f"{told} is promised no more.", Effect.WEAKER)
        elif key not in old:
            yield Change(f"{told} is promised: {new[key] / 3600:g} h.", Effect.STRICTER)
        elif old[key] != new[key]:
            effect = Effect.STRICTER if new[key] < old[key] else Effect.WEAKER
            yield Change(f"{told} is {new[key] / 3600:g} h, {old[key] / 3600:g} h before.", effect)


def _facts(before: Contract, after: Contract) -> Iterator[Change]:
    facts: tuple[tuple[str, Any, Any], ...] = (
        ("owner", before.owner, after.owner),
        ("version", before.version, after.version),
        ("status", before.status, after.status),
        ("id", before.id, after.id),
    )
    for name, old, new in facts:
        if old != new:
            yield Change(f"The {name} is {new}, {old} before.", Effect.TOLD)
