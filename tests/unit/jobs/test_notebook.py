"""How a notebook in source format is read."""

import pytest

from boathouse.jobs.bootstrap.cells import Cell, InvalidNotebook, cells_of, cells_of_jupyter
from boathouse.jobs.bootstrap.sql import statements_of


def test_cells_are_parted_by_comments_and_know_their_lines() -> None:
    sql = "# MAGIC %sql\n# MAGIC SELECT 1\n# MAGIC   FROM t\n"
    source = f"# Databricks notebook source\nx = 1\n\n# COMMAND ----------\n\n{sql}"

    assert cells_of(source) == [Cell("python", "x = 1\n", 2), Cell("sql", "\nSELECT 1\n  FROM t", 6)]


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        ("# MAGIC %run ./setup", "run", "./setup"),
        ("# MAGIC %md # Title", "md", "# Title"),
        ("# MAGIC %pip install x", "pip", "install x"),
        ("# MAGIC plain text", "md", "plain text"),
        ("# MAGIC %python", "python", ""),
    ],
)
def test_a_magic_says_what_the_cell_is(line: str, kind: str, text: str) -> None:
    assert [(cell.kind, cell.text) for cell in cells_of(line)] == [(kind, text)]


def test_titles_and_empty_cells_are_left_out() -> None:
    source = "# DBTITLE 1,Load\n\n# COMMAND ----------\n\n\n# COMMAND ----------\n# DBTITLE 1,Then\ny = 2"

    assert [cell.kind for cell in cells_of(source)] == ["python"]


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("SELECT ';'; SELECT 2", ["SELECT ';'", "SELECT 2"]),
        ("SELECT 1 -- a; b\n; SELECT 2;", ["SELECT 1 -- a; b", "SELECT 2"]),
        ("/* a; */ SELECT `x;y` FROM t;;", ["SELECT `x;y` FROM t"]),
        ("  \n ", []),
    ],
)
def test_a_script_is_split_at_its_semicolons_only(script: str, statements: list[str]) -> None:
    assert statements_of(script) == statements


@pytest.mark.parametrize(
    ("content", "why"), [('{"nbformat": 3, "cells": []}', "format 3"), ('{"nbformat": 4}', "no cells")]
)
def test_a_jupyter_notebook_that_is_none_says_why(content: str, why: str) -> None:
    with pytest.raises(InvalidNotebook, match=why):
        cells_of_jupyter(content, "a.ipynb")
