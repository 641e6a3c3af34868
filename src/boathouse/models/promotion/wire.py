"""Decisions and promotions as JSON: on the wire, and as a move of an alias keeps them."""

from collections.abc import Mapping
from typing import Any

from boathouse.models.approval.nouns import Approval, Say
from boathouse.models.evidence.nouns import Evidence
from boathouse.models.evidence.wire import all_evidence_from_json, all_evidence_json
from boathouse.models.nouns import AliasDecision, AliasMove
from boathouse.models.promotion.nouns import Decision, Explanation, InProduction, Promotion, Standing

Json = dict[str, Any]


def decision_json(decision: Decision) -> Json:
    """A decision with all that it rests on."""
    return {
        "model": decision.model,
        "version": decision.version,
        "standing": decision.standing.value,
        "may_be_promoted": decision.may_be_promoted,
        "reasons": list(decision.reasons),
        **all_evidence_json(decision.evidence),
        "approvals": [approval_json(each) for each in decision.approvals],
        "missing_approvals": decision.missing_approvals,
        "requirements_revision": decision.requirements_revision,
    }


def decision_from_json(data: Mapping[str, Any]) -> Decision:
    return Decision(
        data["model"],
        data["version"],
        Standing(data["standing"]),
        tuple(data["reasons"]),
        tuple(all_evidence_from_json(data)),
        tuple(approval_from_json(each) for each in data["approvals"]),
        data["missing_approvals"],
        data["requirements_revision"],
    )


def approval_json(approval: Approval) -> Json:
    said = {name: getattr(approval, name) for name in Approval.__slots__}
    return said | {"groups": list(approval.groups)}


def approval_from_json(data: Mapping[str, Any]) -> Approval:
    values: Json = {name: data[name] for name in Approval.__slots__ if name in data}
    values["say"], values["groups"] = Say(data["say"]), tuple(data.get("groups") or ())
    return Approval(**values)


def kept_document(decision: Decision, *, stage: str, policy_hash: str | None) -> Json:
    """What of a decision stays with the move: who has signed, and each row of evidence by its number and as it was
    judged then."""
    evaluation = next((each.evaluation for each in decision.evidence), None)
    return {
        "stage": stage,
        "standing": decision.standing.value,
        "reasons": list(decision.reasons),
        "requirements_revision": decision.requirements_revision,
        "policy_hash": policy_hash,
        "evaluation_id": evaluation.evaluation_id if evaluation else None,
        "data_table": evaluation.data_table if evaluation else None,
        "data_version": evaluation.data_version if evaluation else None,
        "compared_with": evaluation.champion if evaluation else None,
        "approvals": [approval_json(each) for each in decision.approvals],
        "evidence": [row_json(each) for each in decision.evidence],
    }


def row_json(evidence: Evidence) -> Json:
    """A row of evidence on one line."""
    measurement, judgement = evidence.measurement, evidence.judgement
    return {
        "evidence_id": evidence.evidence_id,
        "gate": measurement.gate,
        "metric": measurement.metric,
        "slice": None if measurement.slice is None else str(measurement.slice),
        "rows": measurement.rows,
        "value": measurement.value,
        "interval": None if measurement.interval is None else list(measurement.interval),
        "threshold": judgement.threshold,
        "baseline": measurement.baseline,
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "blocks": judgement.blocks,
    }


def move_json(move: AliasMove | None) -> Json | None:
    return None if move is None else {name: getattr(move, name) for name in AliasMove.__slots__}


def move_from_json(data: Mapping[str, Any]) -> AliasMove:
    return AliasMove(**{name: data[name] for name in AliasMove.__slots__ if name in data})


def decided_json(decided: AliasDecision | None) -> Json | None:
    return None if decided is None else {name: getattr(decided, name) for name in AliasDecision.__slots__}


def promotion_json(promotion: Promotion) -> Json:
    return {
        "stage": promotion.stage,
        "is_new": promotion.is_new,
        "move": move_json(promotion.move),
        "decision": decision_json(promotion.decision),
    }


def promotion_from_json(data: Mapping[str, Any]) -> Promotion:
    move = None if data["move"] is None else move_from_json(data["move"])
    return Promotion(decision_from_json(data["decision"]), move, data["stage"], data["is_new"])


def in_production_json(found: InProduction) -> Json:
    return {
        "model": found.model,
        "stage": found.stage,
        "alias": found.alias,
        "at": found.at,
        "version": found.version,
        "since": move_json(found.since),
        "until": move_json(found.until),
    }


def explanation_json(found: Explanation) -> Json:
    return {
        "address": found.address,
        "model": found.model,
        "version": found.version,
        "aliases": list(found.aliases),
        "move": move_json(found.move),
        "decided": decided_json(found.decided),
        "now": None if found.now is None else decision_json(found.now),
    }
