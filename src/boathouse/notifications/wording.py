"""What people read: a message as a line and a few sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

_EVENTS = {
    "jobs.on_start": "has started",
    "jobs.on_success": "has succeeded",
    "jobs.on_failure": "has failed",
    "jobs.on_duration_warning_threshold_exceeded": "takes longer than expected",
}
_HAPPENED = {
    "model_version.created": "Version {version} of {subject} was registered",
    "model_version_alias.moved": "{alias} of {subject} points at version {version}",
    "model_version.evaluated": "Version {version} of {subject} was evaluated",
    "gate.failed": "Version {version} of {subject} did not pass the gate {gate}",
    "approval.asked": "Version {version} of {subject} awaits approval",
    "approval.given": "Version {version} of {subject} was approved",
    "approval.refused": "Version {version} of {subject} was refused",
    "model_version.promoted": "Version {version} of {subject} was promoted",
    "model_version.rolled_back": "{subject} was rolled back to version {version}",
    "model.retired": "{subject} was retired",
    "run.failed": "Run {run_id} of job {job_name} has failed",
    "deploy.done": "{subject} was deployed",
    "deploy.failed": "{subject} could not be deployed",
}
_MOST_DATA = 12
"""Lines of an event's data that people are shown."""
_OTHER_ENDS = {
    "CANCELED": "was cancelled",
    "TIMEDOUT": "took too long",
    "MAXIMUM_CONCURRENT_RUNS_REACHED": "was skipped",
}


def title(payload: Mapping[str, Any]) -> str:
    """One line."""
    if "title" in payload:
        return _line(payload["title"])
    if "subject" in payload:
        return _happened(payload)
    if "job" not in payload:
        return "Boathouse: this destination works"
    what = f"Job {_line(payload['job']['name'])}"
    if "task" in payload:
        what = f"Task {payload['task']['task_key']} of job {_line(payload['job']['name'])}"
    event = _EVENTS.get(payload["event_type"], payload["event_type"])
    ended = _OTHER_ENDS.get(payload.get("state", {}).get("result_state", ""))
    return f"{what} {ended if ended and payload['event_type'] == 'jobs.on_failure' else event}"


def text(payload: Mapping[str, Any], url: str) -> str:
    """What happened, and where to look."""
    if "lines" in payload:
        return "\n".join([f"{title(payload)}.", *(_line(each) for each in payload["lines"])])
    if "subject" in payload:
        return "\n".join([f"{_happened(payload)}.", f"By {payload['principal']}.", *_data(payload["data"])])
    if "job" not in payload:
        return "Somebody has asked Boathouse for a test message. It has arrived."
    run_id = payload["run"].get("parent_run_id", payload["run"]["run_id"])
    lines = [f"{title(payload)}.", f"Run {run_id} of job {payload['job']['job_id']}."]
    if message := payload.get("state", {}).get("state_message"):
        lines.append(str(message))
    if "threshold" in payload:
        lines.append(f"It was expected to take at most {payload['threshold']['value']} s.")
    lines.append(f"{url}/ui/runs/{run_id}")
    return "\n".join(lines)


class _Said(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "?"


def _happened(payload: Mapping[str, Any]) -> str:
    words = _HAPPENED.get(payload["event_type"], "{event_type} of {subject}")
    said = {**payload["data"], "subject": payload["subject"], "event_type": payload["event_type"]}
    if payload["event_type"] == "model_version_alias.moved" and payload["data"].get("version") is None:
        words = "{alias} of {subject} was taken away"
    return words.format_map(_Said({name: _line(str(value)) for name, value in said.items()}))


def _data(data: Mapping[str, Any]) -> Iterator[str]:
    told = [(name, value) for name, value in data.items() if value not in (None, "", [], {})]
    for name, value in told[:_MOST_DATA]:
        yield f"{name}: {_line(str(value))}"


def _line(name: str) -> str:
    """A job's name within a line: people write anything."""
    return " ".join(name.split())[:200]
