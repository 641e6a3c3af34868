"""A schedule or a trigger starts the training, not a person."""

from boathouse.monitoring.maturity.facts import Facts
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import NO_VERSION

BY_HAND = (None, "ONE_TIME", "RETRY", "RUN_JOB_TASK")


def look(facts: Facts) -> Finding:
    recent = facts.recent()
    if not recent:
        return not_met(NO_VERSION)
    started = next((each for each in recent if each.trigger not in BY_HAND), None)
    if started is None:
        return not_met(f"No run that started by itself has trained a version; looked at: the last {len(recent)}.")
    return met(f"The run that trained version {started.number} was started by itself ({started.trigger}).")


PRACTICE = Practice(
    "training_starts_itself",
    "Training starts by itself",
    look,
    "Give the training job a schedule or a trigger in databricks.yml.",
    2,
)
