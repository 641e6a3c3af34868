"""What people read: a message as a line and a few sentences."""

from collections.abc import Mapping
from typing import Any

_EVENTS = {
    "jobs.on_start": "has started",
    "jobs.on_success": "has succeeded",
    "jobs.on_failure": "has failed",
    "jobs.on_duration_warning_threshold_exceeded": "takes longer than expected",
}
_OTHER_ENDS = {
    "CANCELED": "was cancelled",
    "TIMEDOUT": "took too long",
    "MAXIMUM_CONCURRENT_RUNS_REACHED": "was skipped",
}


def title(payload: Mapping[str, Any]) -> str:
    """One line."""
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


def _line(name: str) -> str:
    """A job's name within a line: people write anything."""
    return " ".join(name.split())[:200]
