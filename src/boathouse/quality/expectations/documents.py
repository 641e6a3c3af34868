"""Expectations in YAML: a table, where its rows come from, and what is expected of them."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from boathouse.catalog.contract_rules import OnViolation, RowRule
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.foundation.shapes import ExactShape, fit
from boathouse.foundation.yaml_source import parse_yaml
from boathouse.quality.expectations.carrying_out import write_expected
from boathouse.quality.expectations.declaring import (
    Expectations,
    expect_all,
    expect_all_or_drop,
    expect_all_or_fail,
)
from boathouse.session import Session
from boathouse.session.expecting import ExpectationReport

_ACTIONS = {"drop row": OnViolation.QUARANTINE, "fail update": OnViolation.REFUSE, "keep": OnViolation.KEEP}


class ExpectationShape(ExactShape):
    name: str
    expect: str
    """A condition in SQL."""
    on_violation: Literal["drop row", "fail update", "keep"] = "keep"


class ExpectedTable(ExactShape):
    """A table and what is expected of its rows."""

    table: str
    source: str
    """A query, or the name of a table."""
    mode: Literal["append", "overwrite", "error"] = "overwrite"
    quarantine: str | bool = True
    metrics: str | bool = True
    comment: str | None = None
    expectations: list[ExpectationShape] = Field(default_factory=list[ExpectationShape])
    expect_all: dict[str, str] = Field(default_factory=dict[str, str])
    expect_all_or_drop: dict[str, str] = Field(default_factory=dict[str, str])
    expect_all_or_fail: dict[str, str] = Field(default_factory=dict[str, str])

    def all(self) -> Expectations:
        """Everything that is expected.

        Raises:
            InvalidInput: Two expectations have one name.
        """
        listed = Expectations(
            tuple(RowRule(each.name, each.expect, _ACTIONS[each.on_violation]) for each in self.expectations)
        )
        return (
            listed
            + expect_all(self.expect_all)
            + expect_all_or_drop(self.expect_all_or_drop)
            + expect_all_or_fail(self.expect_all_or_fail)
        )


def read_expectations(text: str, file: str | Path = "expectations.yml") -> ExpectedTable:
    """The table that a YAML document describes.

    Raises:
        InvalidInput: It describes none; everything that is wrong is listed.
    """
    source = parse_yaml(text, Path(file))
    if not isinstance(source.data, dict):
        raise InvalidInput(f"{file} holds no expectations.", hint="Write table:, source: and expectations:.")
    found = fit(ExpectedTable, source.data, what=str(file))
    found.all()
    return found


def run_yaml(session: Session, text: str, file: str | Path = "expectations.yml") -> ExpectationReport:
    """Write the table that a YAML document describes."""
    found = read_expectations(text, file)
    return write_expected(
        session,
        TableName.parse(found.table),
        found.source,
        found.all(),
        mode=found.mode,
        quarantine=found.quarantine,
        metrics=found.metrics,
        comment=found.comment,
    )
