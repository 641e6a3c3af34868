"""The facts of a card with everything in it, and of one with nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from boathouse.models.approval.nouns import Approval, Say
from boathouse.models.cards.facts import CardFacts, Contents, DataUsed, FeatureUsed, Origin, Passage, RunTold
from boathouse.models.evidence.nouns import Evaluation, Evidence, Judgement, Measurement, Rule, Slice, Verdict
from boathouse.models.nouns import AliasMove, ModelVersion, RegisteredModel
from boathouse.models.promotion.nouns import Decision, Standing
from boathouse.models.requirements.requirements import Requirements

NAME = "prod.flights.delay"
MORNING = 1_767_225_600_000
DAY = 86_400_000
CARRIERS = ("AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV")


def make_bare_facts() -> CardFacts:
    """A version that nobody knows anything about."""
    return CardFacts(RegisteredModel(NAME), ModelVersion(NAME, 1, "models:/m-1"))


def make_full_facts(**changes: Any) -> CardFacts:
    """A version with everything."""
    requirements = Requirements.model_validate(
        {
            "objective": "Will this flight arrive 15 minutes late or more, asked two hours before departure?",
            "decision": "Gate agents rebook passengers with short connections before they are stranded.",
            "users": ["gate agents", "the rebooking desk"],
            "owner": "flights-team",
            "on_call": "flights-on-call@example.org",
            "success": {"metric": "missed connections per 1,000 passengers", "target": "below 9", "proxy": "log_loss"},
            "constraints": {"latency_p99_ms": 50, "freshness": "2h", "explainability": True},
            "risk_tier": "high",
            "evaluation": {"table": "prod.flights.evaluation", "label": "late", "where": "month = 9"},
            "slices": ["carrier", "origin"],
            "cost_matrix": {"true_positive": 40, "false_positive": -15, "false_negative": -80},
            "fallback": ["the previous champion", "the carrier's mean"],
            "rollout": {"steps": [5, 25, 100]},
        }
    )
    values: dict[str, Any] = {
        "model": RegisteredModel(NAME, "Arrival delay", {"champion": 3}, created_at=MORNING),
        "version": ModelVersion(
            NAME, 3, "models:/m-3", "8f14e45fceea167a5a36dedd4bea2543", "trained on August", ("champion",), {}, MORNING
        ),
        "requirements": requirements,
        "requirements_revision": 4,
        "free_text": "# Limits\n\nNot for flights that are **diverted**.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        "author": "ada",
        "evidence": evidence(),
        "approvals": [
            Approval(1, NAME, 3, Say.APPROVED, "grace", "looked at the slices", MORNING, MORNING + 7 * DAY),
            Approval(2, NAME, 3, Say.WAIVED, "grace", "no attribute is kept", MORNING, MORNING + 30 * DAY, "fairness"),
        ],
        "history": [
            AliasMove(NAME, "champion", 2, 3, "grace", MORNING + DAY, "better on all slices"),
            AliasMove(NAME, "champion", None, 2, "ada", MORNING - DAY, "the first one"),
        ],
        "run": RunTold(
            "8f14e45fceea167a5a36dedd4bea2543",
            "august",
            "ada",
            MORNING - 600_000,
            MORNING,
            {"num_leaves": "31", "learning_rate": "0.05", "objective": "binary"},
            {"log_loss": 0.4012, "auc": 0.781},
            {"boathouse.git.commit": "4f2a9c0", "boathouse.bundle": "flights", "boathouse.target": "prod"},
        ),
        "contents": Contents(
            ("lightgbm", "python_function"),
            (("carrier", "string"), ("distance", "double"), ("wind_speed", "double")),
            (("probability", "double"),),
            1_234_567,
            9,
            tuple(f"package-{number}==1.{number}" for number in range(12)),
            is_locked=True,
        ),
        "data": [
            DataUsed("prod.flights.training", 17, "training", "flights-team", "all flights until August"),
            DataUsed("prod.flights.evaluation", 5, "evaluation"),
        ],
        "features": [FeatureUsed("wind_speed", "prod.flights.weather", "weather-team", "metres per second")],
        "upstream": [
            Passage("table prod.flights.training@17", "trained", "run 8f14e45fceea167a5a36dedd4bea2543"),
            Passage("run 8f14e45fceea167a5a36dedd4bea2543", "registered", f"model version {NAME}@3"),
        ],
        "origin": Origin("dev.flights.delay@9", "SHA256:abc", MORNING, "grace", "0" * 64, evidence()),
        "hidden": 2,
        "questions": {"metric": "Is it good enough?", "calibration": "Are probabilities what they say?"},
    }
    values["decision"] = Decision(
        NAME,
        3,
        Standing.MAY_BE_PROMOTED,
        ("All gates pass.", "1 of 1 signatures."),
        tuple(values["evidence"]),
        tuple(values["approvals"]),
        requirements_revision=4,
    )
    return CardFacts(**{**values, **changes})


def evidence() -> Sequence[Evidence]:
    answered, observed = (0.03, 0.08, 0.14, 0.21, 0.3, 0.42, 0.6, 0.8), (0.04, 0.08, 0.12, 0.22, 0.33, 0.4, 0.63, 0.77)
    curve = [{"answer": x, "observed": y, "rows": 3500} for x, y in zip(answered, observed, strict=True)]
    explained = {
        "method": "tree",
        "features": [
            {"feature": "departure_delay", "share": 0.41, "direction": 0.8},
            {"feature": "wind_speed", "share": 0.1, "direction": None},
        ],
    }
    rows = [
        make_row("metric", "log_loss", 0.4012, (0.397, 0.406), maximum=0.45),
        make_row("against_champion", "difference", -0.012, (-0.019, -0.004), maximum=0.0, baseline="version 2"),
        make_row("calibration", "ece", 0.018, None, maximum=0.05, details={"curve": curve}),
        make_row("explainability", "rows", 500.0, None, details=explained),
        make_row("fairness", "demographic_parity", None, None, problem="no attribute is kept", verdict=Verdict.WAIVED),
    ]
    for number, carrier in enumerate(CARRIERS):
        value = 0.38 + 0.01 * number
        verdict = Verdict.FAILED if value > 0.5 else Verdict.PASSED
        slice_ = Slice("carrier", carrier)
        half = 0.008 + 0.002 * number
        rows.append(
            make_row(
                "slices", "log_loss", value, (value - half, value + half), maximum=0.5, slice_=slice_, verdict=verdict
            )
        )
    rows.append(make_row("slices", "log_loss", 0.4012, (0.397, 0.406), maximum=0.5))
    return rows


def make_row(
    gate: str,
    metric: str,
    value: float | None,
    interval: tuple[float, float] | None,
    *,
    maximum: float | None = None,
    baseline: str | None = None,
    problem: str | None = None,
    details: dict[str, Any] | None = None,
    slice_: Slice | None = None,
    verdict: Verdict = Verdict.PASSED,
    reason: str = "as asked",
) -> Evidence:
    measurement = Measurement(gate, metric, value, 28_000, slice_, interval, baseline, problem, details or {})
    evaluation = Evaluation("e1", NAME, 3, "prod.flights.evaluation", 5, 2)
    judgement = Judgement(verdict, problem or reason, maximum, verdict is Verdict.FAILED)
    return Evidence(1, evaluation, measurement, Rule(gate, metric, maximum=maximum), judgement, "ada", MORNING)


@pytest.fixture
def bare_facts() -> Callable[[], CardFacts]:
    return make_bare_facts


@pytest.fixture
def full_facts() -> Callable[..., CardFacts]:
    return make_full_facts


@pytest.fixture
def row() -> Callable[..., Evidence]:
    return make_row
