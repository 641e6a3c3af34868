"""What can happen, and how it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """What has happened; the names that webhooks and triggers filter by."""

    MODEL_VERSION_CREATED = "model_version.created"
    ALIAS_MOVED = "model_version_alias.moved"
    EVALUATED = "model_version.evaluated"
    GATE_FAILED = "gate.failed"
    APPROVAL_ASKED = "approval.asked"
    APPROVAL_GIVEN = "approval.given"
    APPROVAL_REFUSED = "approval.refused"
    PROMOTED = "model_version.promoted"
    ROLLED_BACK = "model_version.rolled_back"
    RETIRED = "model.retired"
    RUN_FAILED = "run.failed"
    DEPLOYED = "deploy.done"
    DEPLOY_FAILED = "deploy.failed"
    ENDPOINT_READY = "endpoint.ready"
    ENDPOINT_CHANGED = "endpoint.changed"
    ENDPOINT_DELETED = "endpoint.deleted"
    ENDPOINT_FELL = "endpoint.fell"
    """A rung below the routed version has begun to answer; told once until it stands again."""
    ENDPOINT_RECOVERED = "endpoint.recovered"
    ROLLOUT_STEPPED = "rollout.stepped"
    ROLLOUT_ABORTED = "rollout.aborted"
    ROLLOUT_DONE = "rollout.done"
    EXPERIMENT_DECIDED = "experiment.decided"
    CAPTURE_DEGRADED = "capture.degraded"
    MONITOR_REFRESHED = "monitor.refreshed"
    """Its metric tables have new rows; the subject is the table that is watched."""
    MONITOR_FAILED = "monitor.failed"
    ALERT_FIRED = "alert.fired"
    """The subject of an alert, an incident and a contract is the table that they are about."""
    ALERT_RESOLVED = "alert.resolved"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_CLOSED = "incident.closed"
    CONTRACT_BROKEN = "contract.broken"
    CONTRACT_KEPT = "contract.kept"
    """A check finds nothing wrong any more."""
    RETRAINING_DECIDED = "retraining.decided"
    """Started, declined or frozen, and why; the subject is the model."""


KNOWN_TYPES = tuple(each.value for each in EventType)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that is happening in the transaction at hand."""

    type: EventType
    subject: str
    """The name of what it happened to: a model's full name, a job's id, ``bundle/target``."""
    principal: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """JSON. The same keys for each type; never secrets, never rows of data."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened."""

    sequence: int
    """Ascending; whoever follows remembers the last one seen."""
    event_id: str
    type: str
    subject: str
    principal: str
    happened_at: int
    """Milliseconds since 1970-01-01 UTC."""
    data: Mapping[str, Any]
    job_id: int | None = None
    """The job whose task did it, if one did."""
    run_id: int | None = None
