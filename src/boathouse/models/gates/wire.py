"""A policy as JSON, and its rules and signatures in words."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from boathouse.models.evidence.nouns import End, Rule, Scope
from boathouse.models.gates.policy import ApprovalRules, EnabledGate, Policy


def policy_json(policy: Policy) -> dict[str, Any]:
    """Everything that was decided, each rule also as a sentence."""
    return {
        "tier": policy.tier.value,
        "gates": [_gate_json(each) for each in policy.gates],
        "disabled": [{"name": each.name, "reason": each.reason} for each in policy.disabled],
        "approval": {**asdict(policy.approval), "in_words": approval_in_words(policy.approval)},
        "stages": dict(policy.stages),
        "production_alias": policy.production_alias,
        "protected_aliases": sorted(policy.protected_aliases),
        "automatic_promotion": policy.automatic_promotion,
        "starts_by_itself": policy.starts_by_itself,
        "document_hash": policy.document_hash,
    }


def _gate_json(enabled: EnabledGate) -> dict[str, Any]:
    return {
        "name": enabled.name,
        "question": enabled.gate.question,
        "is_from_tier": enabled.is_from_tier,
        "settings": enabled.settings.model_dump(mode="json"),
        "rules": [{**asdict(rule), "in_words": rule_in_words(rule)} for rule in enabled.rules],
    }


def rule_in_words(rule: Rule) -> str:
    """``auc ≥ 0.65 on all rows and each slice (at least 1,000 rows)``."""
    least, most = (">", "<") if rule.is_strict else ("≥", "≤")
    bounds = [f"{least} {_shown(rule.minimum)}"] if rule.minimum is not None else []
    bounds += [f"{most} {_shown(rule.maximum)}"] if rule.maximum is not None else []
    looked_at = {End.VALUE: "", End.LOWER: " (lower end)", End.UPPER: " (upper end)"}[rule.judged_by]
    where = {Scope.ALL_ROWS: "", Scope.EACH_SLICE: " in each slice", Scope.BOTH: " overall and in each slice"}
    rows = f", of at least {rule.minimum_rows:,} rows" if rule.minimum_rows > 1 else ""
    passes = "" if rule.inconclusive_blocks else "; passes when it cannot be measured"
    return f"{rule.metric}{looked_at} {' and '.join(bounds) or 'is measured'}{where[rule.scope]}{rows}{passes}"


def _shown(bound: float) -> str:
    return f"{bound + 0.0:.6g}"  # no minus before a nought


def approval_in_words(approval: ApprovalRules) -> str:
    """``1 signature of somebody in duty-managers, not the author's; it holds for 7 days``."""
    if not approval.count:
        return "nobody has to sign"
    signatures = "1 signature" if approval.count == 1 else f"{approval.count} signatures"
    whose = f"somebody in {' or '.join(approval.groups)}" if approval.groups else "whoever may manage the model"
    author = "" if approval.author_may_approve else ", not the author's"
    return (
        f"{signatures} of {whose}{author}; {'it holds' if approval.count == 1 else 'they hold'} for {_span(approval)}"
    )


def _span(approval: ApprovalRules) -> str:
    span = timedelta(milliseconds=approval.valid_for_ms)
    hours = span.total_seconds() / 3600
    if hours >= 48 and hours % 24 == 0:
        return f"{hours / 24:.0f} days"
    return f"{hours:.6g} hours"
