"""Alerts as JSON."""

from typing import Any

from boathouse.monitoring.alerts.looking import Looked
from boathouse.monitoring.alerts.nouns import Alert, Firing, Silence
from boathouse.monitoring.alerts.repository import document_of
from boathouse.monitoring.alerts.service import Standing

Json = dict[str, Any]


def alert_json(alert: Alert) -> Json:
    """A rule, in force or not any more."""
    return {
        "name": alert.name,
        "alert_id": alert.alert_id,
        "revision": alert.revision,
        "subject": alert.rule.subject,
        "severity": alert.rule.severity.value,
        "owner": alert.owner,
        "put_by": alert.principal,
        "valid_from": alert.valid_from,
        "valid_to": alert.valid_to,
        "created_at": alert.created_at,
        "origin": alert.origin,
        "rule": document_of(alert.rule),
    }


def standing_json(standing: Standing) -> Json:
    """A rule and how it stands."""
    return {
        **alert_json(standing.alert),
        "state": standing.state,
        "firing": [firing_json(each) for each in standing.open],
        "looked_at": standing.seen.looked_at,
        "newest_window": standing.seen.newest,
        "problem": standing.seen.problem,
        "silenced_until": standing.silence.until if standing.silence else None,
    }


def firing_json(firing: Firing, alert: Alert | None = None) -> Json:
    """One series that is, or was, wrong."""
    return {
        **({"alert": alert.name, "subject": alert.rule.subject, "metric": alert.rule.metric} if alert else {}),
        "firing_id": firing.firing_id,
        "number": firing.sequence,
        "revision": firing.revision,
        "series": dict(firing.series.parts),
        "of": firing.series.text,
        "severity": firing.severity.value,
        "began": firing.began,
        "window": {"start": firing.window_start, "end": firing.window_end},
        "value": firing.value,
        "threshold": firing.threshold,
        "why": firing.why,
        "fired_at": firing.fired_at,
        "resolved_at": firing.resolved_at,
        "resolved_by": firing.resolved_by,
        "resolution": firing.resolution,
        "told_at": firing.told_at,
        "escalated": firing.escalated,
        "acknowledged_at": firing.acknowledged_at,
        "acknowledged_by": firing.acknowledged_by,
        "acknowledgement": firing.acknowledgement,
        "incident": firing.incident,
    }


def silence_json(silence: Silence) -> Json:
    return {name: getattr(silence, name) for name in Silence.__slots__}


def looked_json(looked: Looked) -> Json:
    return {
        "fired": [firing_json(each) for each in looked.fired],
        "resolved": [firing_json(each) for each in looked.resolved],
        "problem": looked.problem,
    }
