"""The page about gates names every gate, its question, and every setting of those that it has a section about."""

import re
from pathlib import Path

import pytest

from boathouse.models.gates.catalogue import GATES
from boathouse.models.gates.contract import Gate

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "gates.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
OF_ALL = PAGE.partition("## ")[0] + SECTIONS["metric"]


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_a_gate_stands_on_the_page(gate: Gate) -> None:
    assert f"`{gate.name}`" in PAGE


@pytest.mark.parametrize("gate", [each for each in GATES if each.name in SECTIONS], ids=lambda gate: gate.name)
def test_the_settings_of_a_gate_stand_in_its_section(gate: Gate) -> None:
    told = OF_ALL + SECTIONS[gate.name]
    assert [name for name in gate.settings.model_fields if f"`{name}`" not in told] == []
