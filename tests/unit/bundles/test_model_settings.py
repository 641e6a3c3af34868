"""``boathouse.yml`` beside ``databricks.yml``."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from boathouse.bundles.model_settings import LONGEST_CARD

from .conftest import Folder

Make = Callable[..., Folder]
BUNDLE = """\
bundle: {name: flights}
variables:
  catalog: {default: dev}
  environments:
    type: complex
    default: [{spec: {dependencies: [lightgbm]}}]
resources:
  schemas:
    main: {catalog_name: "${var.catalog}", name: flights}
  registered_models:
    delay: {catalog_name: "${var.catalog}", schema_name: "${resources.schemas.main.name}", name: delay}
targets:
  dev: {mode: development, default: true}
  prod: {variables: {catalog: prod}}
"""
LEAST = """\
    objective: Warn of late flights
    decision: The desk rebooks passengers
    owner: ada
    success: {metric: missed connections, proxy: log_loss}
    evaluation: {table: "${resources.schemas.main.id}.judged", label: late}
"""


def settings(more: str = "", key: str = "delay", rest: str = "") -> str:
    """One model with enough to be valid, more lines of it, and the rest of the file."""
    indented = "".join(f"    {line}\n" for line in dedent(more).splitlines())
    return f"models:\n  {key}:\n{LEAST}{indented}{rest}"


def asked(folder: Folder, target: str, key: str = "delay") -> dict[str, Any]:
    return folder.payload(f"model_requirements.{key}", target)  # type: ignore[return-value]


def test_a_key_means_a_model_of_the_bundle_with_the_name_it_has_in_the_target(bundle: Make) -> None:
    folder = bundle(BUNDLE, **{"boathouse.yml": settings()})
    prod, dev = asked(folder, "prod"), asked(folder, "dev")
    assert (prod["model"], prod["requirements"]["evaluation"]["table"]) == ("prod.flights.delay", "prod.flights.judged")
    assert dev["model"] == "dev.dev_ada_smith_flights.delay"
    assert dev["requirements"]["evaluation"]["table"] == "dev.dev_ada_smith_flights.judged"
    (model,) = folder.read("prod").models
    assert (model.key, model.model, model.policy.tier.value) == ("delay", "prod.flights.delay", "medium")


def test_a_key_may_be_the_full_name_of_a_model_that_is_elsewhere(bundle: Make) -> None:
    folder = bundle(BUNDLE, **{"boathouse.yml": settings(key='"${var.catalog}.other.model"')})
    assert asked(folder, "prod", "${var.catalog}.other.model")["model"] == "prod.other.model"


def test_a_target_lays_its_own_over_and_may_leave_a_model_out(bundle: Make) -> None:
    rest = """\
targets:
  dev: {models: {delay: {risk_tier: low, evaluation: {minimum_rows: 10}}}}
  prod: {models: {delay: null}}
"""
    folder = bundle(BUNDLE, **{"boathouse.yml": settings("risk_tier: high\ngates: {documentation: {}}", rest=rest)})
    dev = asked(folder, "dev")["requirements"]
    assert (dev["risk_tier"], dev["evaluation"]["minimum_rows"], dev["evaluation"]["label"]) == ("low", 10, "late")
    assert folder.read("prod").models == ()


def test_everything_that_is_wrong_is_told_with_file_and_line_together_with_the_rest_of_the_bundle(bundle: Make) -> None:
    wrong = """\
models:
  delay:
    objective: Warn of late flights
    decision: The desk rebooks passengers
    succes: {metric: missed connections, proxy: log_loss}
    evaluation:
      table: judged
      label: late
  dellay:
    objective: x
targets:
  prdo: {}
"""
    folder = bundle(BUNDLE + "experimantal: 1\n", **{"boathouse.yml": wrong})
    found = [error.partition(" ")[0] for error in folder.errors("prod")]
    assert found == [
        "boathouse.yml:2:",  # owner
        "boathouse.yml:2:",  # success
        "boathouse.yml:5:",  # succes
        "boathouse.yml:7:",  # judged
        "boathouse.yml:9:",  # decision
        "boathouse.yml:9:",  # owner
        "boathouse.yml:9:",  # success
        "boathouse.yml:9:",  # evaluation
        "boathouse.yml:9:",  # no such model
        "boathouse.yml:12:",  # no such target
        "databricks.yml:15:",
    ]
    text = "\n".join(folder.errors("prod"))
    assert "models.delay.succes: unknown field 'succes'. Did you mean success" in text
    assert "there is no registered model 'dellay' among the resources. Did you mean delay?" in text
    assert "there is no target 'prdo'. Did you mean prod?" in text


def test_what_gates_have_against_it_stands_at_its_line(bundle: Make) -> None:
    more = """\
        slices:
          - origin
        gates:
          metrc: {}
          metric:
            enabled: false
        success: {metric: x, proxy: rmse}
    """
    text = settings(dedent(more)).replace("    success: {metric: missed connections, proxy: log_loss}\n", "", 1)
    folder = bundle(BUNDLE, **{"boathouse.yml": text})
    found = folder.errors("prod")
    assert [error.split(": ")[0:2] for error in found] == [
        ["boathouse.yml:10", "models.delay.gates.metrc"],
        ["boathouse.yml:12", "models.delay.gates.metric.enabled"],
        ["boathouse.yml:13", "models.delay.success.proxy"],
    ]


def test_a_field_of_a_variable_that_holds_several_can_be_named(bundle: Make) -> None:
    more = "deployment: {environment: '${var.environments[0].spec}'}"
    folder = bundle(BUNDLE, **{"boathouse.yml": settings(more)})
    found = asked(folder, "prod")["requirements"]
    assert found["deployment"]["environment"] == {"dependencies": ["lightgbm"]}
    folder.write("boathouse.yml", settings(more.replace("[0]", "[1]")))
    assert any("${var.environments[1].spec}: the variable environments has no item 1 there." in each
               for each in folder.errors("prod"))  # fmt: skip
    folder.write("boathouse.yml", settings(more.replace(".spec", ".spek")))
    assert any("has no field 'spek' there. Did you mean spec?" in each for each in folder.errors("prod"))


def test_files_that_the_deployment_job_needs_are_named_by_where_they_will_lie(bundle: Make) -> None:
    dependencies = "[lightgbm, -r requirements.txt, ./lib/mine.whl, '${workspace.file_path}/dist/*.whl']"
    more = f"deployment: {{environment: {{dependencies: {dependencies}}}}}"
    folder = bundle(BUNDLE, **{"boathouse.yml": settings(more)})
    folder.write("requirements.txt", "polars")
    folder.write("lib/mine.whl", "")
    assert asked(folder, "prod")["requirements"]["deployment"]["environment"]["dependencies"] == [
        "lightgbm",
        "-r ${workspace.file_path}/requirements.txt",
        "${workspace.file_path}/lib/mine.whl",
        "${workspace.file_path}/dist/*.whl",
    ]
    (folder.root / "requirements.txt").rename(folder.root / "requirement.txt")
    (error,) = folder.errors("prod")
    assert error.startswith("boathouse.yml:8: the file requirements.txt does not exist. Did you mean requirement.txt")


def test_what_the_deployment_job_needs_is_checked_as_for_any_other_job(bundle: Make) -> None:
    more = "deployment:\n  environment:\n    dependencys: [lightgbm]"
    (error,) = bundle(BUNDLE, **{"boathouse.yml": settings(more)}).errors("prod")
    assert error.startswith("boathouse.yml:10: models.delay.deployment.environment.dependencys: unknown field")


def test_the_card_travels_along_word_for_word(bundle: Make) -> None:
    card = "# Limits\n\nCosts ${var.catalog} and $${nothing}.\n"
    folder = bundle(BUNDLE, **{"boathouse.yml": settings("card: docs/delay.md")})
    folder.write("docs/delay.md", card)
    from boathouse.bundles.substitution import resolve_pending

    def unknown(path: str) -> str:
        raise AssertionError(path)

    assert resolve_pending(asked(folder, "prod"), unknown)["card_text"] == card


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("docs/delay.md", None, "card: the file docs/delay.md does not exist. Did you mean delays.md?"),
        ("../secret.md", None, "card: the path '../secret.md' leads out of the bundle's folder."),
        ("docs", None, "card: docs is a folder; a file is expected."),
        ("docs/delay.md", b"x" * (LONGEST_CARD + 1), "card: docs/delay.md has more than 200,000 bytes."),
        ("docs/delay.md", b"\xff\xfe", "card: docs/delay.md cannot be read as UTF-8 text"),
    ],
)
def test_a_card_that_cannot_be_read_is_an_error(bundle: Make, name: str, content: bytes | None, problem: str) -> None:
    folder = bundle(BUNDLE, **{"boathouse.yml": settings(f"card: {name}")})
    folder.write("docs/delays.md", "Limits")
    (folder.root.parent / "secret.md").write_text("secret")
    if content is not None:
        (folder.root / name).write_bytes(content)
    (error,) = folder.errors("prod")
    assert problem in error and error.startswith("boathouse.yml:8:")


def test_a_card_that_is_a_link_out_of_the_bundle_is_an_error(
    bundle: Make, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.md"
    secret.write_text("secret")
    folder = bundle(BUNDLE, **{"boathouse.yml": settings("card: card.md")})
    Path(folder.root, "card.md").symlink_to(secret)
    assert any("leads out of the bundle's folder" in each for each in folder.errors("prod"))


def test_what_waits_for_other_parts_is_listed(bundle: Make) -> None:
    folder = bundle(BUNDLE, **{"boathouse.yml": settings("rollout: {steps: [5, 100]}\nfallback: [naive]")})
    assert [each for each in folder.remarks("prod") if each.startswith("boathouse")] == [
        "boathouse.yml:8: models.delay.rollout is kept; no endpoint of this bundle follows an alias of it.",
        "boathouse.yml:9: models.delay.fallback is kept; no endpoint of this bundle follows an alias of it.",
    ]


def test_one_model_cannot_be_said_twice(bundle: Make) -> None:
    twice = settings() + settings(key="prod.flights.delay").removeprefix("models:\n")
    (error,) = bundle(BUNDLE, **{"boathouse.yml": twice}).errors("prod")
    assert error == (
        "boathouse.yml:8: models.prod.flights.delay: the policy of the model 'prod.flights.delay' "
        "is written twice (boathouse.yml:2)."
    )


def test_the_file_is_no_part_of_databricks_yml_whatever_that_includes(bundle: Make) -> None:
    folder = bundle(BUNDLE + "include: ['*.yml']\n", **{"boathouse.yml": settings()})
    assert folder.errors("prod") == []


def test_requirements_are_not_written_under_resources(bundle: Make) -> None:
    folder = bundle("bundle: {name: b}\nresources: {model_requirements: {a: {model: a.b.c}}}\n")
    (error,) = folder.errors()
    assert "there is no kind of resource 'model_requirements'" in error


@pytest.mark.parametrize("text", ["", "models:", "models: {}", "targets:", "targets: {dev: }"])
def test_a_file_that_says_nothing_asks_nothing(bundle: Make, text: str) -> None:
    folder = bundle(BUNDLE, **{"boathouse.yml": text})
    assert folder.errors("prod") == [] and folder.read("prod").models == ()


@pytest.mark.parametrize(
    "text", ["- 1", "models: [1]", "models: {delay: 3}", "models: {delay: }", "model: {}", "models: {1: {}}"]
)
def test_a_file_of_another_shape_is_refused_without_a_crash(bundle: Make, text: str) -> None:
    assert bundle(BUNDLE, **{"boathouse.yml": text}).errors("prod")


def test_a_file_that_is_no_yaml_names_its_line(bundle: Make) -> None:
    (error,) = bundle(BUNDLE, **{"boathouse.yml": "models:\n  delay: {objective: [}\n"}).errors("prod")
    assert error.startswith("boathouse.yml:2: not valid YAML")


@pytest.mark.parametrize("wrong", ["yes", '"1"'])
def test_a_number_is_written_as_one(bundle: Make, wrong: str) -> None:
    more = f"slices: [{{column: carrier, maximum: {wrong}}}]\ngates: {{metric: {{threshold: {wrong}}}}}"
    errors = bundle(BUNDLE, **{"boathouse.yml": settings(more)}).errors("prod")
    assert any("slices[0].maximum: a number is needed" in each for each in errors), errors
    more = f"gates: {{metric: {{threshold: {wrong}}}}}"
    errors = bundle(BUNDLE, **{"boathouse.yml": settings(more)}).errors("prod")
    assert any("gates.metric.threshold: a number is needed" in each for each in errors), errors


def test_a_variable_gives_a_number_where_one_is_needed(bundle: Make) -> None:
    more = """\
        slices: [{column: carrier, maximum: "${var.most}"}]
        gates: {metric: {threshold: "${var.from}"}}
        """
    variables = "variables:\n  most: {default: 5}\n  from: {default: 0.5}\n"
    folder = bundle(BUNDLE.replace("variables:\n", variables), **{"boathouse.yml": settings(more)})
    payload = folder.payload("model_requirements.delay", "prod", variables={"most": "7", "from": "0.25"})
    said: Any = payload["requirements"]
    assert (said["slices"][0]["maximum"], said["gates"]["metric"]["threshold"]) == (7, 0.25)
