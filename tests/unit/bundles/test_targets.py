"""Targets, variables and modes."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]
TARGETS = """\
bundle: {name: flights}
variables:
  catalog: {default: main}
  tags: {type: complex, default: {a: "1"}}
targets:
  dev: {default: true, mode: development}
  staging: {variables: {catalog: staging, tags: {b: "2"}}}
  prod:
    mode: production
    git: {branch: release}
    run_as: {service_principal_name: robot}
    variables: {catalog: {default: prod}}
    resources: {schemas: {main: {comment: in prod}}}
resources:
  schemas:
    main: {catalog_name: "${var.catalog}", name: flights, comment: all, properties: "${var.tags}"}
  volumes:
    raw: {catalog_name: x, schema_name: "${resources.schemas.main.name}", name: raw}
    other: {catalog_name: x, schema_name: shared, name: raw}
  experiments:
    delay: {name: /team/delay}
  jobs:
    train:
      schedule: {quartz_cron_expression: "0 0 0 * * ?", timezone_id: UTC}
      tasks: [{task_key: a, spark_python_task: {python_file: main.py}}]
"""


def on_branch(folder: Path, branch: str) -> None:
    for command in (["init", "-q", "-b", branch], ["add", "."], ["commit", "-qm", "all"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *command], cwd=folder, check=True)


@pytest.fixture
def targets(bundle: Make) -> Any:
    return bundle(TARGETS, **{"main.py": ""})


def test_values_of_variables_from_strongest_to_weakest(targets: Any) -> None:
    def catalog(**reading: Any) -> Any:
        return targets.payload("schemas.main", "staging", **reading)["catalog_name"]

    environment = {"BUNDLE_VAR_catalog": "from_environment"}
    assert targets.payload("schemas.main", "dev")["catalog_name"] == "main"
    assert catalog() == "staging"
    assert catalog(environment=environment) == "from_environment"
    assert catalog(environment=environment, variables={"catalog": "given"}) == "given"


def test_complex_values_come_from_the_target_and_the_command_line(targets: Any) -> None:
    assert targets.payload("schemas.main", "staging")["properties"] == {"b": "2"}
    given = targets.payload("schemas.main", "dev", variables={"tags": '{"c": "3"}'})
    assert given["properties"] == {"c": "3"}


def test_a_variable_that_is_not_declared_is_refused(targets: Any) -> None:
    assert targets.errors("dev", variables={"catalgo": "x"}) == [
        "--var: the variable catalgo is not declared. Did you mean catalog?"
    ]


def test_a_list_needs_a_complex_variable(bundle: Make) -> None:
    folder = bundle("bundle: {name: a}\nvariables:\n  x: {default: [1]}\n")
    assert folder.errors() == [
        "databricks.yml:3: the variable x holds more than one value. Declare it with type: complex."
    ]


def test_an_unknown_target_is_refused(targets: Any) -> None:
    assert targets.errors("prd")[0] == "databricks.yml:5: there is no target 'prd'. Did you mean prod?"


def test_without_a_default_a_target_must_be_named(bundle: Make) -> None:
    folder = bundle("bundle: {name: a}\ntargets: {a: {}, b: {}}\n")
    assert folder.errors() == [
        "databricks.yml:2: no target was named and none is marked as default. Name one with -t: a, b."
    ]


def test_development_prefixes_names_tags_and_pauses(targets: Any) -> None:
    found = targets.read("dev")
    assert found.place.personal and not found.lock
    job = targets.payload("jobs.train", "dev")
    assert job["name"] == "[dev ada_smith] train"
    assert job["tags"] == {"dev": "ada_smith"}
    assert job["schedule"]["pause_status"] == "PAUSED"
    assert targets.payload("schemas.main", "dev")["name"] == "dev_ada_smith_flights"
    assert targets.payload("volumes.raw", "dev")["schema_name"] == "dev_ada_smith_flights"
    assert targets.payload("volumes.raw", "dev")["name"] == "raw"  # its schema has the prefix
    assert targets.payload("volumes.other", "dev")["name"] == "dev_ada_smith_raw"
    assert targets.payload("experiments.delay", "dev")["name"] == "/team/[dev ada_smith] delay"


def test_presets_of_the_target_win_over_the_mode(bundle: Make) -> None:
    text = TARGETS.replace(
        "mode: development}",
        "mode: development, presets: {name_prefix: '', tags: {team: x}, trigger_pause_status: UNPAUSED}}",
    )
    folder = bundle(text, **{"main.py": ""})
    job = folder.payload("jobs.train", "dev")
    assert (job["name"], job["tags"]) == ("train", {"dev": "ada_smith", "team": "x"})
    assert job["schedule"]["pause_status"] == "UNPAUSED"
    assert folder.payload("schemas.main", "dev")["name"] == "flights"


def test_a_prefix_with_a_dollar_sign_is_taken_literally(bundle: Make) -> None:
    folder = bundle(TARGETS.replace("mode: development}", "presets: {name_prefix: '$${x} '}}"), **{"main.py": ""})
    assert folder.payload("jobs.train", "dev")["name"] in ("$${x} train", "$$${x} train")


def test_production_comes_from_the_agreed_branch(targets: Any) -> None:
    # given
    on_branch(targets.root, "main")

    # then
    assert targets.errors("prod") == [
        (
            "databricks.yml:10: this target is deployed from the branch release, but the current branch is main. "
            "Switch with: git switch release (or deploy it with --force)."
        )
    ]
    forced = targets.read("prod", force=True)
    assert forced.git.branch == "main" and forced.git.commit and forced.git.dirty is False
    assert any("Deployed all the same" in str(finding) for finding in forced.findings)


def test_a_target_overrides_resources_and_gives_an_identity(targets: Any) -> None:
    on_branch(targets.root, "release")
    assert targets.payload("schemas.main", "prod")["comment"] == "in prod"
    assert targets.payload("schemas.main", "prod")["catalog_name"] == "prod"
    assert targets.payload("jobs.train", "prod")["run_as"] == {"service_principal_name": "robot"}


def test_a_ci_system_names_the_branch(targets: Any) -> None:
    # given a detached head, as CI systems check out
    on_branch(targets.root, "main")
    subprocess.run(["git", "checkout", "-q", "--detach"], cwd=targets.root, check=True)

    # then
    assert targets.errors("prod")[0].startswith("databricks.yml:10: ")
    assert targets.errors("prod", environment={"GITHUB_REF_NAME": "release"}) == []
    assert targets.errors("prod", environment={"BUILD_SOURCEBRANCH": "refs/heads/release"}) == []


def test_permissions_of_the_bundle_reach_jobs_and_experiments(bundle: Make) -> None:
    text = TARGETS + "permissions: [{group_name: team, level: CAN_RUN}, {user_name: ada, level: CAN_MANAGE}]\n"
    folder = bundle(text, **{"main.py": ""})
    assert [one["level"] for one in folder.payload("jobs.train", "dev")["permissions"]] == [
        "CAN_MANAGE_RUN",
        "CAN_MANAGE",
    ]
    levels = [one["level"] for one in folder.payload("experiments.delay", "dev")["permissions"]]
    assert levels == ["CAN_READ", "CAN_MANAGE"]


def test_the_host_of_a_target_never_decides_where_a_token_goes(bundle: Make) -> None:
    folder = bundle("bundle: {name: a}\nworkspace: {host: https://elsewhere}\n")
    assert folder.remarks(host="http://127.0.0.1:8300") == [
        (
            "databricks.yml:2: workspace.host: the bundle goes to http://127.0.0.1:8300, as BOATHOUSE_URL or the home "
            "folder says."
        )
    ]
