"""Incidents and playbooks as JSON."""

from typing import Any

from boathouse.monitoring.alerts.wire import firing_json
from boathouse.monitoring.incidents.nouns import Change, Incident, KeptPlaybook, Step
from boathouse.monitoring.incidents.playbook import playbook_document
from boathouse.monitoring.incidents.service import Story

Json = dict[str, Any]


def incident_json(incident: Incident) -> Json:
    return {
        "number": incident.number,
        "title": incident.title,
        "subject": incident.subject,
        "state": "OPEN" if incident.is_open else "CLOSED",
        "severity": incident.severity.value,
        "owner": incident.owner,
        "alert": incident.alert,
        "opened_at": incident.opened_at,
        "opened_by": incident.opened_by,
        "window": None if incident.window is None else {"start": incident.window[0], "end": incident.window[1]},
        "closed_at": incident.closed_at,
        "closed_by": incident.closed_by,
        "resolution": incident.resolution,
        "playbook": incident.playbook,
        "playbook_revision": incident.playbook_revision,
        "run_id": incident.run_id,
    }


def story_json(story: Story) -> Json:
    return {
        **incident_json(story.incident),
        "run_state": story.run_state,
        "timeline": [
            {"at": each.at, "kind": each.kind.value, "text": each.text, "principal": each.principal, "data": each.data}
            for each in story.entries
        ],
        "steps": [step_json(each) for each in story.steps],
        "firings": [firing_json(each) for each in story.firings],
    }


def step_json(step: Step) -> Json:
    return {
        "step": step.position,
        "text": step.step.text,
        "action": step.step.action,
        "state": step.state.value,
        "detail": step.detail,
        "before": dict(step.facts),
        "attempts": step.attempts,
        "begun_at": step.begun_at,
        "done_at": step.done_at,
        "approval": None if step.step.approval is None else {"groups": step.step.approval.groups},
        "approved_by": step.approved_by,
        "approved_at": step.approved_at,
    }


def change_json(change: Change) -> Json:
    return {
        "at": change.at, "kind": change.kind, "subject": change.subject, "text": change.text,
        "principal": change.principal, "hops": change.hops, "likelihood": round(change.likelihood, 3),
        "data": dict(change.data),
    }  # fmt: skip


def playbook_json(kept: KeptPlaybook) -> Json:
    return {
        "name": kept.name,
        "revision": kept.revision,
        "put_by": kept.principal,
        "valid_from": kept.valid_from,
        "valid_to": kept.valid_to,
        "job_id": kept.job_id,
        "origin": kept.origin,
        "playbook": playbook_document(kept.playbook),
    }
