"""Evidence as the command line shows it."""

from collections.abc import Callable
from typing import Any

import pytest

from boathouse.cli import model_reproduce, models
from boathouse.cli.model_text import print_evidence

Rows = list[tuple[str, ...]]


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


def _as_a_list(rows: Rows) -> None:
    models._print_table(("What", "Value"), rows, empty="")  # pyright: ignore[reportPrivateUsage]


def _as_facts(rows: Rows) -> None:
    model_reproduce._table(("", ""), rows)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("shown_by", [_as_a_list, _as_facts])
def test_brackets_of_a_name_are_shown(shown_by: Callable[[Rows], None], capsys: pytest.CaptureFixture[str]) -> None:
    shown_by([("job", "[dev ada] bike-rides")])

    assert "[dev ada] bike-rides" in capsys.readouterr().out
