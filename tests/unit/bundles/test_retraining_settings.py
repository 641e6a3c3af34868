"""``retraining`` of ``boathouse.yml``: read for a target, told with file and line where it is wrong."""

import re
from pathlib import Path

import pytest
import yaml

from boathouse.monitoring.retraining.policy import RetrainingPolicy

from .conftest import Folder
from .test_boathouse_yml_pages import shapes_within

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "retraining.md").read_text()
BUNDLE = """\
bundle: {name: flights}
resources:
  registered_models: {delay_model: {catalog_name: dev, schema_name: flights, name: delay_model}}
  jobs:
    training:
      name: training
      tasks: [{task_key: t, python_wheel_task: {package_name: x, entry_point: y}}]
targets: {dev: {}, prod: {default: true}}
"""
LEAST = "retraining:\n  delay_model:\n    job: training\n"


@pytest.fixture
def bundle(folder: Folder) -> Folder:
    folder.write("databricks.yml", BUNDLE)
    return folder


def test_the_example_of_the_page_is_valid_and_leaves_out_what_a_target_sets_to_null(bundle: Folder) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    bundle.write("boathouse.yml", example)
    assert (bundle.errors("dev"), bundle.errors("prod")) == ([], [])
    assert [str(each) for each in bundle.read("dev").resources if each.section == "retraining"] == []
    (found,) = [node for each, node in bundle.read("prod").resources.items() if each.section == "retraining"]
    assert found.plain()["model"] == "dev.flights.delay_model"
    assert "${resources.jobs.training.id}" in str(found.plain()["policy"]["job"])


def test_every_field_is_on_the_page() -> None:
    fields = {name for shape in shapes_within(RetrainingPolicy) for name in shape.model_fields}
    assert [each for each in sorted(fields) if not re.search(rf"\b{each}\b", PAGE)] == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("    brakes: {cool_down: soon}\n", "retraining.delay_model.brakes.cool_down"),
        ("    triggers: [{drift: {table: a.b.c, metric: js_distance}}]\n", "one of above and below is needed"),
        ("    triggers: [{alert: {}, freshness: {older_than: 1d}}]\n", "exactly one of schedule, table_update"),
        ("    triggers: [{event: {types: [alert.fried]}}]\n", "no event is of the type 'alert.fried'"),
        ("    brakes: {benefit: {method: job}}\n", "job belongs to the method job"),
        ("    brake: {}\n", "brake"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(bundle: Folder, said: str, told: str) -> None:
    bundle.write("boathouse.yml", LEAST + said)
    (error,) = bundle.errors()
    assert told in error
    assert "boathouse.yml:4" in error


def test_a_model_that_is_none_of_the_bundle_is_told(bundle: Folder) -> None:
    bundle.write("boathouse.yml", yaml.safe_dump({"retraining": {"delay_modell": {"job": "training"}}}))
    (error,) = bundle.errors()
    assert "there is no registered model 'delay_modell' among the resources. Did you mean delay_model" in error
