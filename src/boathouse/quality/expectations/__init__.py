"""Expectations: what rows are to fulfil on their way into a table, as declarative pipelines have them."""

from boathouse.quality.expectations.carrying_out import write_expected
from boathouse.quality.expectations.declaring import (
    Expectations,
    Expected,
    expect,
    expect_all,
    expect_all_or_drop,
    expect_all_or_fail,
    expect_or_drop,
    expect_or_fail,
)
from boathouse.quality.expectations.documents import ExpectedTable, read_expectations, run_yaml
from boathouse.quality.expectations.sql_text import constraints_of, read_table, run_sql
from boathouse.session.expecting import ExpectationReport, RuleCount

__all__ = [
    "ExpectationReport",
    "Expectations",
    "Expected",
    "ExpectedTable",
    "RuleCount",
    "constraints_of",
    "expect",
    "expect_all",
    "expect_all_or_drop",
    "expect_all_or_fail",
    "expect_or_drop",
    "expect_or_fail",
    "read_expectations",
    "read_table",
    "run_sql",
    "run_yaml",
    "write_expected",
]
