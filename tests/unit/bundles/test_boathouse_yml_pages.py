"""The pages about ``boathouse.yml`` say what is so."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from boathouse.bundles.model_settings import SettingsShape
from boathouse.models.gates.contract import GateSettings
from boathouse.models.gates.tiers import TIERS
from boathouse.models.requirements import Requirements, Tier

from .conftest import Folder

DOCS = Path(__file__).parents[3] / "docs"
REFERENCE = (DOCS / "reference" / "boathouse-yml.md").read_text()
HOW_TO = (DOCS / "how-to" / "write-a-policy.md").read_text()
BUNDLE = """\
bundle: {name: flights}
resources:
  schemas: {flights: {catalog_name: dev, name: flights}}
  registered_models: {delay_model: {catalog_name: dev, schema_name: flights, name: delay_model}}
targets: {dev: {}, prod: {default: true}}
"""


def blocks(page: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)


def shapes_within(shape: type[BaseModel]) -> set[type[BaseModel]]:
    """A shape and all that its fields hold."""
    found, pending = {shape}, [field.annotation for field in shape.model_fields.values()]
    while pending:
        annotation: Any = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found |= shapes_within(annotation)
        pending.extend(getattr(annotation, "__args__", ()))
    return found


def test_every_field_is_on_the_page() -> None:
    fields = {name for shape in shapes_within(Requirements) for name in shape.model_fields}
    fields |= {*GateSettings.model_fields, *SettingsShape.model_fields}
    assert [name for name in sorted(fields) if not re.search(rf"\b{name}\b", REFERENCE)] == []


def test_the_table_of_tiers_is_that_of_the_code() -> None:
    lines = [line for line in REFERENCE.splitlines() if line.startswith("| `")]
    for place, tier in enumerate(Tier, 2):
        told = {
            name: cells[place].strip()
            for line in lines
            if len(cells := line.split("|")) == 6
            for name in re.findall(r"`(\w+)`", cells[1])
        }
        brought = {gate.name for gate in TIERS[tier].gates}
        assert {name for name, said in told.items() if said and name not in ("low",)} == brought


@pytest.mark.parametrize("text", [blocks(REFERENCE)[0], blocks(HOW_TO)[0]], ids=["reference", "how-to"])
def test_the_examples_are_valid(folder: Folder, text: str) -> None:
    folder.write("databricks.yml", BUNDLE)
    folder.write("docs/delay_model.md", "Limits")
    folder.write("boathouse.yml", text)
    for target in ("dev", "prod"):
        assert folder.errors(target) == []


def test_the_example_of_what_differs_is_valid_for_the_highest_tier(folder: Folder) -> None:
    model = yaml.safe_load(blocks(HOW_TO)[0])
    differs = yaml.safe_load(blocks(HOW_TO)[2])
    model["models"]["delay_model"] |= {**differs, "risk_tier": "high", "slices": ["origin"]}
    folder.write("databricks.yml", BUNDLE)
    folder.write("boathouse.yml", yaml.safe_dump(model))
    assert folder.errors() == []


def test_the_errors_of_the_how_to_are_those_that_are_told(folder: Folder) -> None:
    text = blocks(HOW_TO)[0].replace("risk_tier: low", "risk_tier: high").replace("log_loss", "logloss")
    folder.write("databricks.yml", BUNDLE)
    folder.write("boathouse.yml", text + "    gates: {metrc: {}, fairness: {attributes: [carrier]}}\n")
    told = [re.sub(r"^[^ ]+ ", "", error) for error in folder.errors()]
    assert told
    for error in told:
        assert error in HOW_TO
