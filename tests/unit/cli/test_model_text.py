"""Evidence as the command line shows it."""

from typing import Any

import pytest

from boathouse.cli.model_text import print_evidence, print_rows


def row(metric: str, **said: Any) -> dict[str, Any]:
    measurement = {"gate": "metric", "metric": metric, "slice": None, "rows": 60, "value": 1.5, "interval": None,
                   "baseline": None}  # fmt: skip
    judged = {"evidence_id": 1, "verdict": "passed", "reason": "", "threshold": None, "blocks": False, "rule": {}}
    return {"measurement": measurement, **judged, **said}


def test_what_no_rule_judges_is_recorded_and_not_inconclusive(capsys: pytest.CaptureFixture[str]) -> None:
    print_evidence([row("r2", rule=None, verdict="inconclusive", reason="recorded; no rule judges it")])

    shown = capsys.readouterr().out
    assert "recorded" in shown and "inconclusive" not in shown


def test_a_bound_of_minus_nothing_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_evidence([row("mae_improvement", threshold=-0.0)])

    assert "-0" not in capsys.readouterr().out


def test_a_long_name_is_broken_and_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    print_evidence([row("worsening_by_permuted_column", reason="log it with fe.log_model(" + "x" * 300 + ")")])

    shown = capsys.readouterr().out
    assert "…" not in shown and shown.count("x") == 300


@pytest.mark.parametrize("titles", [("What", "Value"), ("", "")])
def test_brackets_of_a_name_are_shown(titles: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(titles, [("job", "[dev ada] bike-rides")])

    shown = capsys.readouterr().out
    assert "[dev ada] bike-rides" in shown and ("What" in shown) is any(titles)


def test_of_no_rows_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(("What",), [], empty="Nothing waits for you.")

    assert capsys.readouterr().out == "Nothing waits for you.\n"
