"""Contracts as JSON."""

from typing import Any

from boathouse.quality.contracts.nouns import Contract, Term
from boathouse.quality.contracts.repository import KeptCheck, Revision

Json = dict[str, Any]


def revision_json(revision: Revision) -> Json:
    """A contract while it was attached."""
    return {
        "contract": revision.contract_id,
        "version": revision.version,
        "revision": revision.revision,
        "owner": revision.owner,
        "attached_by": revision.principal,
        "valid_from": revision.valid_from,
        "valid_to": revision.valid_to,
    }


def contract_json(contract: Contract) -> Json:
    """What Boathouse acts on of a contract, and what not."""
    return {
        "id": contract.id,
        "version": contract.version,
        "status": contract.status,
        "object": contract.object_name,
        "owner": contract.owner,
        "columns": [each.name for each in contract.columns],
        "rules": [term_json(each) for each in contract.terms],
        "slas": [
            {"property": each.kind.value, "seconds": each.seconds, "column": each.column} for each in contract.slas
        ],
        "ignored": list(contract.ignored),
    }


def term_json(term: Term) -> Json:
    return {
        "rule": term.name,
        "kind": term.kind.value,
        "column": term.column,
        "severity": term.severity,
        "on_violation": term.on_violation.value,
        "at_write": term.row_rule is not None and term.on_violation.value != "keep",
        "sql": term.sql,
        "threshold": str(term.threshold),
    }


def check_json(check: KeptCheck) -> Json:
    """A check that was told."""
    return {
        "check_id": check.check_id,
        "revision": check.revision,
        "checked_at": check.checked_at,
        "table_version": check.table_version,
        "is_broken": check.is_broken,
        "checked_by": check.principal,
        "findings": check.document.get("findings", []),
        "rows": check.document.get("rows"),
    }
