"""The certificate as a gate reads it: from evidence, else from the file that the model carries."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boathouse.features.certificate import Certificate, CertificateVerdict, Check, CheckVerdict
from boathouse.features.specs.spec_files import SPEC_FILE
from boathouse.features.training.packing import CERTIFICATE_FILE
from boathouse.models.evidence import (
    Evaluation,
    EvaluationKind,
    Evidence,
    Judgement,
    Measurement,
    Verdict,
)
from boathouse.models.gates import point_in_time
from boathouse.models.gates.point_in_time import GATE, measurements_of


def certificate(verdict: CheckVerdict, violations: int = 0, sample: int = 200) -> str:
    check = Check("recomputed", "dev.w (temp) by origin", verdict, sample, violations, "as said.", ({"row": "JFK"},))
    told = {CheckVerdict.PASSED: CertificateVerdict.PASSED, CheckVerdict.FAILED: CertificateVerdict.FAILED}
    whole = told.get(verdict, CertificateVerdict.INCONCLUSIVE)
    return Certificate(
        whole, (check,), (), 5_000, "known", {"dev.f.w": 3}, "abc", sample, 0, "0.1", "2024-01-01T00:00:00Z"
    ).to_json()


def sent(measurements: list[Measurement], number: int, kind: EvaluationKind = EvaluationKind.NOTE) -> list[Evidence]:
    evaluation = Evaluation(f"e{number}", "dev.f.late", 3, kind=kind)
    said = Judgement(Verdict.PASSED, "as asked")
    return [Evidence(number * 10 + at, evaluation, each, None, said, "eve", 0) for at, each in enumerate(measurements)]


@pytest.mark.parametrize(
    ("verdict", "violations", "expected"),
    [
        (CheckVerdict.PASSED, 0, Verdict.PASSED),
        (CheckVerdict.FAILED, 4, Verdict.FAILED),
        (CheckVerdict.INCONCLUSIVE, 0, Verdict.INCONCLUSIVE),
        (CheckVerdict.NOT_APPLICABLE, 0, Verdict.INCONCLUSIVE),
    ],
)
def test_the_gate_says_what_the_certificate_says(
    case: Callable[..., Any], judged: Callable[..., Any], folder: Path, verdict: CheckVerdict, violations: int,
    expected: Verdict,
) -> None:  # fmt: skip
    (folder / CERTIFICATE_FILE).write_text(certificate(verdict, violations))
    assert judged(GATE, case(folder=folder))["violations"][1].verdict is expected


def test_a_proof_over_a_few_rows_proves_nothing(
    case: Callable[..., Any], judged: Callable[..., Any], folder: Path
) -> None:
    (folder / CERTIFICATE_FILE).write_text(certificate(CheckVerdict.PASSED, sample=5))
    assert judged(GATE, case(folder=folder))["violations"][1].verdict is Verdict.INCONCLUSIVE


def test_the_newest_evidence_of_the_feature_store_comes_before_the_file(
    case: Callable[..., Any], judged: Callable[..., Any], folder: Path
) -> None:
    (folder / CERTIFICATE_FILE).write_text(certificate(CheckVerdict.PASSED))
    old = sent(measurements_of(json.loads(certificate(CheckVerdict.PASSED))), 1)
    new = sent(measurements_of(json.loads(certificate(CheckVerdict.FAILED, 2))), 2)
    found = judged(GATE, case(folder=folder, evidence=[*new, *old]))
    assert found["violations"][0].value == 2 and found["violations"][1].verdict is Verdict.FAILED


def test_what_the_gate_wrote_before_is_no_proof(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    own = sent(measurements_of(json.loads(certificate(CheckVerdict.PASSED))), 1, EvaluationKind.GATES)
    found = judged(GATE, case(evidence=own))
    assert found["violations"][1].verdict is Verdict.INCONCLUSIVE


def test_features_without_a_certificate_are_inconclusive_and_say_what_to_do(
    case: Callable[..., Any], judged: Callable[..., Any], folder: Path
) -> None:
    (folder / SPEC_FILE).write_text("version: 1\n")
    found = judged(GATE, case(folder=folder), without_features=True)
    assert found["violations"][1].verdict is Verdict.INCONCLUSIVE and "certify()" in found["violations"][1].reason


def test_a_model_without_features_passes_only_where_the_policy_says_so(
    case: Callable[..., Any], judged: Callable[..., Any], folder: Path
) -> None:
    assert judged(GATE, case(folder=folder))["violations"][1].verdict is Verdict.INCONCLUSIVE
    assert judged(GATE, case(folder=folder), without_features=True)["violations"][1].verdict is Verdict.PASSED


@pytest.mark.parametrize("text", ["", "{", "[]", '{"verdict": "passed", "checks": 3}'])
def test_a_damaged_certificate_is_inconclusive(
    case: Callable[..., Any], judged: Callable[..., Any], folder: Path, text: str
) -> None:
    (folder / CERTIFICATE_FILE).write_text(text)
    assert judged(GATE, case(folder=folder))["violations"][1].verdict is Verdict.INCONCLUSIVE


def test_the_files_have_the_names_that_the_feature_store_gives_them() -> None:
    assert (point_in_time.CERTIFICATE_FILE, point_in_time.RECIPE_FILE) == (CERTIFICATE_FILE, SPEC_FILE)
