"""What of an evaluation is shown on the run of its version, and in the log of its task."""

import math

from boathouse.models.deployment.evaluated import Evaluated, summary
from boathouse.models.deployment.run_artifacts import numbers
from boathouse.models.evidence import Evaluation, Evidence, Judgement, Measurement, Rule, Slice, Verdict

EVALUATION = Evaluation("e1", "dev.flights.delay", 3)


def row(gate: str, *, blocks: bool, rule: bool = True) -> Evidence:
    verdict = Verdict.FAILED if blocks else Verdict.PASSED
    asked = Rule(gate, "log_loss", maximum=0.5) if rule else None
    measured = Measurement(gate, "log_loss", 0.4, 10, Slice("carrier", "UA"))
    return Evidence(1, EVALUATION, measured, asked, Judgement(verdict, "because", blocks=blocks), "ada", 0)


def test_values_over_all_rows_become_metrics_of_the_run() -> None:
    measured = [
        Measurement("metric", "log_loss", 0.4, 10),
        Measurement("metric", "log_loss", 0.9, 5, Slice("carrier", "UA")),
        Measurement("fairness", "equalised odds, by origin", 0.1, 10),
        Measurement("calibration", "ece", None, 0, problem="one class only"),
        Measurement("metric", "auc", math.nan, 10),
    ]

    assert numbers(Evaluated(EVALUATION, measured, [], "run")) == {
        "evaluation/metric/log_loss": 0.4,
        "evaluation/fairness/equalised odds_ by origin": 0.1,
    }


def test_what_blocks_comes_first_and_what_no_rule_judges_is_left_out() -> None:
    shown = summary(
        [row("metric", blocks=False), row("rollback", blocks=False, rule=False), row("slices", blocks=True)]
    )

    assert [(each["gate"], each["verdict"], each["slice"]) for each in shown] == [
        ("slices", "failed", "carrier = UA"),
        ("metric", "passed", "carrier = UA"),
    ]
