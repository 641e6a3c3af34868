"""What a refresh has to do."""

from dataclasses import dataclass

from boathouse.monitoring.monitors.nouns import Monitor, Progress, Refresh


@dataclass(frozen=True, slots=True)
class Work:
    """As the task of a refresh is told."""

    refresh: Refresh
    monitor: Monitor
    progress: Progress
