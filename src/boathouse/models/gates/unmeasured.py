"""What a gate says when it has nothing to say."""

from collections.abc import Iterable

from boathouse.models.evidence.nouns import Measurement


def unmeasured(gate: str, metrics: str | Iterable[str], why: str, *, rows: int = 0) -> list[Measurement]:
    """No value for any of these metrics, and why."""
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    return [Measurement(gate, name, None, rows, problem=why) for name in names]
