"""``contracts`` of ``boathouse.yml``: a file of the standard, or expectations that become one."""

from collections.abc import Sequence
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from boathouse.foundation.names import TableName
from boathouse.foundation.shapes import ExactShape
from boathouse.foundation.texts import TableText, Text

_ACTIONS = {"drop row": "quarantine", "fail update": "refuse", "keep": "keep"}


class ExpectationGiven(ExactShape):
    """What is expected of each row that is written."""

    name: Text
    expect: Text
    """A condition in SQL."""
    on_violation: Literal["drop row", "fail update", "keep"] = "keep"


class ContractGiven(ExactShape):
    """What a table has to keep to."""

    table: TableText
    file: str | None = None
    """A file of the Open Data Contract Standard; its path begins at ``boathouse.yml``."""
    expectations: list[ExpectationGiven] | None = Field(default=None, min_length=1)
    """Instead of a file."""
    quarantine: TableText | None = None
    """The table for rows that are set aside; by default ``<table>_quarantine``."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> "ContractGiven":
        if (self.file is None) == (self.expectations is None):
            raise ValueError("exactly one of file and expectations is needed.")
        names = [each.name for each in self.expectations or ()]
        twice = next((name for position, name in enumerate(names) if name in names[:position]), None)
        if twice is not None:
            raise ValueError(f"two expectations are called {twice!r}.")
        return self


def document_of(key: str, table: str, expectations: Sequence[ExpectationGiven]) -> str:
    """Expectations as a contract of the standard."""
    name = TableName.parse(table).name
    rules: list[dict[str, Any]] = [
        {
            "name": each.name,
            "type": "custom",
            "engine": "boathouse",
            "implementation": each.expect,
            "customProperties": [{"property": "onViolation", "value": _ACTIONS[each.on_violation]}],
        }
        for each in expectations
    ]
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": key,
        "version": "1.0.0",
        "status": "active",
        "schema": [{"name": name, "physicalName": name, "quality": rules}],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
