"""The documentation says what the code does, and its links lead somewhere."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from boathouse.foundation.settings import PREFIX, Settings

ROOT = Path(__file__).parents[3]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")]
LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_to_a_file(page: Path) -> None:
    targets = [
        target for target in LINK.findall(page.read_text()) if not target.startswith(("http:", "https:", "mailto:"))
    ]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "how-to" / "run.md").read_text()
    assert [field.name for field in fields(Settings) if f"`{PREFIX}{field.name.upper()}`" not in page] == []


def test_the_command_line_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "cli_reference.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_decision_stands_in_the_index() -> None:
    index = (ROOT / "docs" / "decisions" / "index.md").read_text()
    assert [page.name for page in (ROOT / "docs" / "decisions").glob("0*.md") if page.name not in index] == []
