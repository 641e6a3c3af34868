"""What an attached contract asks of every row that is written to its table.

Like the primary key it lives in the table's properties in the catalog: whoever may write the table is told it together
with the table's place, and it goes where the table goes. It is set by attaching a contract, never as a property.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from boathouse.catalog.securables import Table
from boathouse.foundation.errors import InvalidInput

HELD = "contract."
"""What the names of these properties begin with."""

WRITE_RULES = "contract.write_rules"


class OnViolation(StrEnum):
    """What becomes of a row that breaks a rule."""

    KEEP = "keep"
    """It is written, and counted."""
    QUARANTINE = "quarantine"
    """It goes to the quarantine table instead."""
    REFUSE = "refuse"
    """Nothing of the write is done."""


@dataclass(frozen=True, slots=True)
class RowRule:
    """A condition that each row has to fulfil; a row for which it is neither true nor false breaks it."""

    name: str
    condition: str
    """Databricks SQL over the columns of the row."""
    on_violation: OnViolation = OnViolation.KEEP


@dataclass(frozen=True, slots=True)
class WriteRules:
    """The rules of the contract that is attached to a table."""

    contract: str
    revision: int
    quarantine: str
    """The full name of the table for rows that are set aside."""
    rules: tuple[RowRule, ...] = ()
    columns: tuple[str, ...] = ()
    """Columns that the table has to keep."""

    def to_text(self) -> str:
        """As the catalog keeps it."""
        return json.dumps(
            {
                "contract": self.contract,
                "revision": self.revision,
                "quarantine": self.quarantine,
                "rules": [[each.name, each.condition, each.on_violation.value] for each in self.rules],
                "columns": list(self.columns),
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_text(cls, text: str) -> "WriteRules":
        found = json.loads(text)
        rules = tuple(RowRule(name, condition, OnViolation(action)) for name, condition, action in found["rules"])
        return cls(found["contract"], int(found["revision"]), found["quarantine"], rules, tuple(found["columns"]))


def is_held(property_name: str) -> bool:
    """Whether a property is kept by attaching contracts."""
    return property_name.startswith(HELD)


def refuse_held(properties: Mapping[str, object]) -> None:
    """Properties that somebody sets by hand are none of ours.

    Raises:
        InvalidInput: One is.
    """
    for name in properties:
        if is_held(name):
            raise InvalidInput(
                f"The property {name} cannot be set or unset.",
                hint="It follows from the contract: boathouse contract attach, or detach.",
            )


def write_rules_of(table: Table) -> WriteRules | None:
    """What the contract of a table asks of every write; None without one.

    Raises:
        InvalidInput: It cannot be read.
    """
    text = table.securable.properties.get(WRITE_RULES)
    if text is None:
        return None
    try:
        return WriteRules.from_text(text)
    except (ValueError, KeyError, TypeError) as error:
        name = table.securable.full_name
        raise InvalidInput(
            f"The contract of table {name} cannot be read: its property {WRITE_RULES} is spoilt.",
            hint=f"Attach it anew: boathouse contract attach FILE {name}.",
        ) from error
