"""Steps of a playbook that change what answers, asked of the data plane itself."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3

from boathouse.foundation.rest import RestClient
from boathouse.testing.local import LocalBoathouse

PLAYBOOK = """
playbooks:
  {word}:
    steps:
      - shift_traffic: {{endpoint: split-{name}, routes: {{older: 100}}}}
      - fall_back: {{endpoint: follows-{name}, version: 1}}
      - roll_back: {{model: {model}}}
"""
BUNDLE = "bundle: {{name: calm-{name}}}\ntargets: {{dev: {{default: true}}}}\n"


def entity(model: str, version: str, **more: str) -> dict[str, str]:
    return {"entity_name": model, "entity_version": version, **more}


def test_each_step_moves_what_answers_and_says_what_it_did(
    boathouse: LocalBoathouse,
    client: RestClient,
    add_version: Callable[..., int],
    schema: str,
    name: str,
    tmp_path: Path,
    wait_until: Callable[[Callable[[], Any]], Any],
) -> None:
    word = f"calm_{name.replace('-', '_')}"
    model = f"{schema}.{word}"
    add_version(model, 1.0, alias="champion")
    add_version(model, 2.0, alias="champion")
    split = {
        "served_entities": [entity(model, "1", name="older"), entity(model, "2", name="newer")],
        "traffic_config": {"routes": [{"served_model_name": "newer", "traffic_percentage": 100}]},
    }
    follows = {"served_entities": [entity(model, "champion", name="model")]}
    for endpoint, config in ((f"split-{name}", split), (f"follows-{name}", follows)):
        client.post("/api/2.0/serving-endpoints", {"name": endpoint, "config": config})

    def answering(endpoint: str) -> str | None:
        answer = urllib3.request(
            "POST", f"{boathouse.serving_url}/serving-endpoints/{endpoint}/invocations",
            json={"dataframe_records": [{"x": 1.0}]}, headers={"authorization": f"Bearer {boathouse.token}"},
        )  # fmt: skip
        return answer.headers.get("x-served-by") if answer.status == 200 else None

    for endpoint in (f"split-{name}", f"follows-{name}"):
        wait_until(lambda endpoint=endpoint: answering(endpoint) == f"{model}@2")
    (tmp_path / "databricks.yml").write_text(BUNDLE.format(name=name))
    (tmp_path / "boathouse.yml").write_text(PLAYBOOK.format(name=name, word=word, model=model))
    deployed = boathouse.run("bundle", "deploy", cwd=tmp_path)
    assert deployed.returncode == 0, deployed.stderr
    opened = boathouse.run(
        "incident", "open", "answers are wrong", "--about", model, "--playbook", word,
        "-o", "json",
    )  # fmt: skip
    assert opened.returncode == 0, opened.stderr
    number = json.loads(opened.stdout)["number"]

    boathouse.run("incident", "start", str(number))
    steps = wait_until(
        lambda: (
            all(step["state"] in ("DONE", "FAILED") for step in found) and found
            if (found := client.get(f"/api/boathouse/v1/incidents/{number}")["steps"])
            else None
        )
    )

    assert [(step["state"], step["detail"].partition(" (")[0]) for step in steps] == [
        ("DONE", "100 % to older"),
        ("DONE", "model serves version 1"),
        ("DONE", "production means version 1; it was version 2"),
    ]
    for endpoint in (f"split-{name}", f"follows-{name}"):
        wait_until(lambda endpoint=endpoint: answering(endpoint) == f"{model}@1")
    moves = client.get(f"/api/boathouse/v1/models/{model}/history", alias="champion")["moves"]
    assert f"incident {number}" in moves[0]["reason"]
