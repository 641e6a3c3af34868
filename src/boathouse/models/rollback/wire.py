"""Rollbacks and drills as JSON."""

from typing import Any

from boathouse.models.rollback.nouns import Rollback


def rollback_json(rollback: Rollback) -> dict[str, Any]:
    return {name: getattr(rollback, name) for name in Rollback.__slots__} | {"succeeded": rollback.succeeded}
