"""Requirements out of a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from boathouse.bundles import InvalidBundle
from boathouse.cli.policy_files import as_sent, requirements_in
from boathouse.foundation.errors import InvalidInput, NotFound

BUNDLE = """\
bundle: {name: flights}
variables: {catalog: {default: dev}}
resources:
  registered_models:
    delay: {catalog_name: "${var.catalog}", schema_name: flights, name: lateness}
targets: {dev: {default: true}, prod: {variables: {catalog: prod}}}
"""


def said(**more: Any) -> dict[str, Any]:
    return {
        "objective": "Warn of late flights",
        "decision": "The desk rebooks passengers",
        "owner": "ada",
        "success": {"metric": "missed connections", "proxy": "log_loss"},
        "evaluation": {"table": "dev.flights.judged", "label": "late"},
        **more,
    }


def written(file: Path, data: Any) -> Path:
    file.write_text(json.dumps(data))
    return file


def test_a_file_may_hold_one_models_requirements_alone(tmp_path: Path) -> None:
    file = written(tmp_path / "stricter.yml", said(owner="grace"))
    for name in (None, "stricter", "prod.flights.delay"):
        assert requirements_in(file, name).owner == "grace"


def test_of_several_models_one_is_named_by_its_key_or_its_full_name(tmp_path: Path) -> None:
    file = written(tmp_path / "all.yml", {"models": {"delay": said(), "fare": said(owner="grace")}})
    assert requirements_in(file, "fare").owner == "grace"
    assert requirements_in(file, "prod.flights.fare").owner == "grace"
    with pytest.raises(InvalidInput, match=r"is about several models. Name one with --model: delay, fare"):
        requirements_in(file)
    with pytest.raises(NotFound, match=r"says nothing of the model fares. Did you mean fare"):
        requirements_in(file, "fares")


def test_that_of_a_bundle_is_read_for_a_target_with_its_references(tmp_path: Path) -> None:
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    evaluation = {"table": "${var.catalog}.flights.judged", "label": "late"}
    file = written(tmp_path / "boathouse.yml", {"models": {"delay": said(evaluation=evaluation)}})
    assert requirements_in(file, target="prod").evaluation.table == "prod.flights.judged"
    assert requirements_in(file, "dev.flights.lateness").evaluation.table == "dev.flights.judged"
    with pytest.raises(InvalidBundle, match=r"boathouse\.yml:1"):
        requirements_in(written(file, {"models": {"delay": {"objective": "x"}}}), target="prod")


def test_a_reference_means_nothing_outside_of_a_bundle(tmp_path: Path) -> None:
    file = written(tmp_path / "boathouse.yml", said(on_call="${var.team}"))
    with pytest.raises(InvalidBundle, match=r"\$\{var\.team\} means something only in a bundle"):
        requirements_in(file)


def test_what_does_not_fit_and_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no file"):
        requirements_in(tmp_path / "nothing.yml")
    with pytest.raises(NotFound, match="says nothing of any model"):
        requirements_in(written(tmp_path / "empty.yml", {"models": {}}))
    with pytest.raises(InvalidBundle, match=r"wrong\.yml:1: gates\.metrics: there is no gate"):
        requirements_in(written(tmp_path / "wrong.yml", said(gates={"metrics": {}})))


def test_requirements_are_sent_without_what_nobody_said(tmp_path: Path) -> None:
    assert as_sent(requirements_in(written(tmp_path / "one.yml", said()))) == said()
