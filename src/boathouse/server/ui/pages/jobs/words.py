"""States, starters and times of jobs in the words of the pages."""

from collections.abc import Callable, Mapping
from typing import Any

from boathouse.jobs.records import RunMark, State
from boathouse.jobs.settings import JobSettings
from boathouse.jobs.starting.cron import parse_cron
from boathouse.jobs.starting.describing import describe
from boathouse.jobs.starting.starters import StarterKind, definition_of
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.parts.times import in_words

_RESULTS: Mapping[ResultState, tuple[str, Tone]] = {
    ResultState.SUCCESS: ("succeeded", Tone.GOOD),
    ResultState.SUCCESS_WITH_FAILURES: ("succeeded with failures", Tone.DOUBTFUL),
    ResultState.FAILED: ("failed", Tone.BAD),
    ResultState.TIMEDOUT: ("timed out", Tone.BAD),
    ResultState.CANCELED: ("cancelled", Tone.DOUBTFUL),
    ResultState.UPSTREAM_FAILED: ("upstream failed", Tone.QUIET),
    ResultState.UPSTREAM_CANCELED: ("upstream cancelled", Tone.QUIET),
    ResultState.EXCLUDED: ("excluded", Tone.QUIET),
    ResultState.DISABLED: ("disabled", Tone.QUIET),
    ResultState.INTERRUPTED: ("interrupted", Tone.DOUBTFUL),
    ResultState.MAXIMUM_CONCURRENT_RUNS_REACHED: ("skipped", Tone.DOUBTFUL),
}
_LIVES: Mapping[LifeCycleState, tuple[str, Tone]] = {
    LifeCycleState.QUEUED: ("queued", Tone.WAITING),
    LifeCycleState.PENDING: ("pending", Tone.WAITING),
    LifeCycleState.BLOCKED: ("waiting for others", Tone.WAITING),
    LifeCycleState.RUNNING: ("running", Tone.WORKING),
    LifeCycleState.WAITING_FOR_RETRY: ("waiting for retry", Tone.WAITING),
    LifeCycleState.TERMINATING: ("stopping", Tone.WORKING),
    LifeCycleState.SKIPPED: ("skipped", Tone.DOUBTFUL),
    LifeCycleState.INTERNAL_ERROR: ("failed", Tone.BAD),
    LifeCycleState.TERMINATED: ("ended", Tone.QUIET),
}


def state_words(state: State) -> tuple[str, Tone]:
    """A state as a word and what its colour means."""
    if state.life_cycle.is_final and state.result is not None:
        return _RESULTS[state.result]
    return _LIVES[state.life_cycle]


def result_words(result: ResultState | None) -> tuple[str, Tone]:
    """How an attempt ended; one without a result is under way."""
    return _LIVES[LifeCycleState.RUNNING] if result is None else _RESULTS[result]


def took(started_at: int | None, ended_at: int | None) -> str:
    """How long something has taken."""
    return in_words(ended_at - started_at).replace(" ", "\N{NO-BREAK SPACE}") if started_at and ended_at else "—"


def mark_title(mark: RunMark) -> str:
    """What a run's square says: which run, how it ended and how long it took."""
    word, _ = state_words(mark.state)
    lasted = f" after {took(mark.started_at, mark.ended_at)}" if mark.started_at and mark.ended_at else ""
    return f"Run {mark.number_in_job}: {word}{lasted}"


def start_words(settings: JobSettings) -> str | None:
    """What starts runs of a job, as a sentence without its end; None where only people and programs do."""
    starter = definition_of(settings)
    if starter is None:
        return None
    return _START[starter.kind](starter.details)


def trigger_words(trigger: str) -> str:
    """What has started a run, by its trigger type."""
    return _TRIGGERS.get(trigger, trigger.lower().replace("_", " "))


_TRIGGERS = {"ONE_TIME": "on demand", "PERIODIC": "by schedule", "RETRY": "by retry", "RUN_JOB_TASK": "by another job",
             "FILE_ARRIVAL": "by files that arrived", "TABLE": "by a table that changed"}  # fmt: skip


def _schedule(said: Mapping[str, Any]) -> str:
    return f"{describe(parse_cron(said['quartz_cron_expression']))} ({said.get('timezone_id', 'UTC')})"


def _periodic(said: Mapping[str, Any]) -> str:
    count, unit = said["interval"], str(said["unit"]).lower()
    return f"every {unit.removesuffix('s')}" if count == 1 else f"every {count} {unit}"


def _tables(said: Mapping[str, Any]) -> str:
    return f"when {_listed(said['table_names'], ' and ' if said.get('condition') == 'ALL_UPDATED' else ' or ')} changes"


def _model(said: Mapping[str, Any]) -> str:
    what = {
        "MODEL_CREATED": "when a model is created",
        "MODEL_VERSION_READY": "when a version is ready",
        "MODEL_ALIAS_SET": "when an alias is set",
    }[str(said["condition"])]
    return f"{what}: {said['securable_name']}" if said.get("securable_name") else what


def _event(said: Mapping[str, Any]) -> str:
    subject = f" of {said['subject']}" if said.get("subject") else ""
    return f"on {_listed(said['types'], ' or ')}{subject}"


_START: Mapping[StarterKind, Callable[[Mapping[str, Any]], str]] = {
    StarterKind.SCHEDULE: _schedule,
    StarterKind.CONTINUOUS: lambda said: "as soon as the last run has ended",
    StarterKind.PERIODIC: _periodic,
    StarterKind.FILE_ARRIVAL: lambda said: f"when files arrive in {said['url']}",
    StarterKind.TABLE_UPDATE: _tables,
    StarterKind.MODEL: _model,
    StarterKind.JOB_COMPLETION: lambda said: f"after job {said['job_id']}",
    StarterKind.CATALOG_EVENT: lambda said: f"after {said['action']} in the catalog",
    StarterKind.EVENT: _event,
}


def _listed(names: list[str], between: str) -> str:
    shown = between.join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
