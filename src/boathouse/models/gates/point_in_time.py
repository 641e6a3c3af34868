"""Was the model trained on what was known at the time? The feature store proves it; this gate reads the proof.

The proof is the certificate of the training set: as evidence that was sent when the model was logged, or as the file
that the model carries.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import EvaluationKind, Evidence, Measurement, Rule
from boathouse.models.gates.contract import Gate, GateSettings, by_settings
from boathouse.models.gates.unmeasured import unmeasured
from boathouse.models.requirements.requirements import Requirements

NAME = "point_in_time"
VIOLATIONS, PROVEN = "violations", "proofs_passed"
FEATURES = "features"
"""The source that the feature store names in what it sends."""
CERTIFICATE_FILE, RECIPE_FILE = "feature_certificate.json", "feature_spec.yaml"


class Settings(GateSettings):
    minimum_rows: int = Field(default=20, ge=1)
    """Rows that were recomputed; fewer prove nothing."""
    without_features: bool = False
    """Whether a model that carries no recipe of features, and so has nothing that could be proven, is let through."""


def measure(case: Case, settings: Settings) -> Iterator[Measurement]:
    if sent := _sent(case.evidence):
        yield from sent
        return
    file = _file(case.folder, CERTIFICATE_FILE)
    if file is not None:
        yield from _certified(file)
    elif _file(case.folder, RECIPE_FILE) is not None:
        hint = "call training_set.certify() before log_model"
        yield from unmeasured(NAME, (VIOLATIONS, PROVEN), f"the training set was not certified; {hint}")
    elif case.folder is None and not settings.without_features:
        yield from unmeasured(NAME, (VIOLATIONS, PROVEN), case.missing.get("folder", "the model's files are not here"))
    elif settings.without_features:
        said = {"note": "it carries no recipe of features; the policy lets that pass"}
        yield Measurement(NAME, VIOLATIONS, 0.0, settings.minimum_rows, details=said)
        yield Measurement(NAME, PROVEN, 1.0, settings.minimum_rows, details=said)
    else:
        why = "it carries no recipe of features, so nothing could be proven; log it with fe.log_model(training_set=...)"
        yield from unmeasured(NAME, (VIOLATIONS, PROVEN), why)


def rules(requirements: Requirements, settings: Settings) -> list[Rule]:
    return [
        Rule(NAME, VIOLATIONS, maximum=0, minimum_rows=settings.minimum_rows),
        Rule(NAME, PROVEN, minimum=1, minimum_rows=settings.minimum_rows),
    ]


def measurements_of(certificate: dict[str, Any]) -> list[Measurement]:
    """What a certificate, as JSON, comes to."""
    checks: list[dict[str, Any]] = list(certificate.get("checks", ()))
    verdict, rows = str(certificate.get("verdict")), int(certificate.get("sample") or 0)
    details = {
        "source": FEATURES,
        "verdict": verdict,
        "training_rows": certificate.get("rows"),
        "table_versions": certificate.get("table_versions"),
        "spec_hash": certificate.get("spec_hash"),
        "made_at": certificate.get("made_at"),
        "as_of": certificate.get("as_of"),
        "checks": [{name: each.get(name) for name in ("name", "lookup", "verdict", "explanation")} for each in checks],
    }
    problem = None
    if verdict not in ("passed", "failed"):
        open_ones = [str(each.get("explanation")) for each in checks if each.get("verdict") == "inconclusive"]
        problem = f"the certificate is {verdict}: {'; '.join(open_ones[:3]) or 'there is nothing that could be proven'}"
    violations = float(sum(int(each.get("violations") or 0) for each in checks))
    if verdict == "failed":
        violations = max(violations, 1.0)
    passed = float(sum(each.get("verdict") == "passed" for each in checks))
    return [
        Measurement(NAME, VIOLATIONS, None if problem else violations, rows, problem=problem, details=details),
        Measurement(NAME, PROVEN, None if problem else passed, rows, problem=problem, details={"source": FEATURES}),
    ]


def _certified(file: Path) -> list[Measurement]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return measurements_of(found)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return unmeasured(NAME, (VIOLATIONS, PROVEN), f"{file.name} cannot be read: {error}")


def _sent(evidence: Sequence[Evidence]) -> list[Measurement]:
    """The newest of each metric that the feature store has sent; what this gate wrote earlier is no proof."""
    newest: dict[str, Evidence] = {}
    for each in evidence:
        found = each.measurement
        if (
            found.gate == NAME
            and found.details.get("source") == FEATURES
            and each.evaluation.kind is EvaluationKind.NOTE
        ):
            known = newest.get(found.metric)
            if known is None or each.evidence_id > known.evidence_id:
                newest[found.metric] = each
    if not {VIOLATIONS, PROVEN} <= set(newest):
        return []
    return [each.measurement for each in newest.values()]


def _file(folder: Path | None, name: str) -> Path | None:
    return folder / name if folder is not None and (folder / name).is_file() else None


GATE = Gate(
    NAME,
    "Was it trained on what was known at the time?",
    Settings,
    measure,
    rules,
    needs=(),
    shaped_by=by_settings("without_features"),
)
