"""What a deployment changes, as the command line shows it."""

from typing import Any

import pytest

from boathouse.cli.bundle_text import print_plan


def plan(before: Any, after: Any) -> dict[str, Any]:
    change = {"field": "requirements", "before": before, "after": after}
    step = {"action": "update", "resource": "model_requirements.rides", "name": "dev.rides", "changes": [change]}
    return {"steps": [step], "warnings": [], "unchanged": [], "is_empty": False, "code_changed": False}


def test_of_long_settings_only_what_differs_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    same = {f"field_{number}": "as before" for number in range(50)}
    before = {**same, "gates": [{"name": "metric", "bound": 1}, {"name": "leakage"}], "tier": "low"}
    after = {**same, "gates": [{"name": "metric", "bound": 2}, {"name": "leakage"}], "card": "CARD.md"}

    print_plan(plan(before, after))

    assert capsys.readouterr().out.splitlines()[1:-1] == [
        "    requirements.gates[0].bound: 1 → 2",
        "    requirements.tier: low → nothing",
        "    requirements.card: nothing → CARD.md",
    ]


def test_lists_of_different_length_are_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(plan(["a"], ["a", "b"]))

    assert '    requirements: ["a"] → ["a", "b"]' in capsys.readouterr().out
