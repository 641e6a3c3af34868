"""The reference of SQL and the code say the same."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from boathouse.session.sql.functions import FUNCTIONS, REFUSED, SPECIAL
from boathouse.session.sql.problems import SUPPORTED_STATEMENTS

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "reference" / "sql.md").read_text()


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_list_of_functions_is_the_one_that_the_code_has() -> None:
    result = subprocess.run([sys.executable, ROOT / "scripts" / "sql_reference.py", "--check"], check=False)
    assert result.returncode == 0, "Run python scripts/sql_reference.py."


def test_every_function_of_the_page_is_there_and_every_function_is_on_the_page() -> None:
    functions, refused = section("Functions").split("### Refused on purpose")
    named = set(re.findall(r"`(\w+)\(", functions))
    assert named == {*FUNCTIONS, *SPECIAL}
    assert set(re.findall(r"\| `(\w+)` \|", refused)) == set(REFUSED)


@pytest.mark.parametrize("statement", SUPPORTED_STATEMENTS)
def test_every_kind_of_statement_is_on_the_page(statement: str) -> None:
    assert re.search(rf"`{statement}\b", section("Statements"))


def test_every_statement_of_the_page_is_supported() -> None:
    written = re.findall(r"^\| `([A-Z]{2,})\b", section("Statements"), re.MULTILINE)
    kinds = {kind.split()[0] for kind in SUPPORTED_STATEMENTS}
    assert written
    assert set(written) - kinds - {"FROM"} == set()
