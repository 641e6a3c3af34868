"""The nouns: a signal that asks for a training, the brake that holds it back, and the decision that comes of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from boathouse.foundation.errors import NotFound
from boathouse.monitoring.retraining.policy import RetrainingPolicy, TriggerKind


class NoRetraining(NotFound):
    """Nobody has said how this model is trained again."""


@dataclass(frozen=True, slots=True)
class Revision:
    """What was said of a model's retraining, from when to when."""

    model: str
    revision: int
    policy: RetrainingPolicy
    principal: str
    """Who said it: trainings are started with their rights."""
    valid_from: int
    valid_to: int | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that asks for a training."""

    kind: TriggerKind
    trigger: str
    """Its name in the policy."""
    key: str
    """Of the fact: the same fact, however often it is looked at, asks once."""
    why: str
    """One sentence."""
    figures: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What was measured, as JSON."""
    instant: int | None = None
    """The instant that the fact is about, by the data's clock; milliseconds since 1970-01-01 UTC."""
    lasts: bool = False
    """Whether it asks again as long as it holds: a drift does, a table's new rows do not."""


class Choice(StrEnum):
    """What was decided."""

    STARTED = "started"
    DECLINED = "declined"
    FROZEN = "frozen"
    CHECKING = "checking"
    """Whether a training would help is being found out."""


class Brake(StrEnum):
    """What held a training back."""

    FROZEN = "frozen"
    BUSY = "busy"
    COOL_DOWN = "cool_down"
    BUDGET = "budget"
    BENEFIT = "benefit"
    """Drift without benefit: a new model would not beat the champion."""
    PROBLEM = "problem"
    """The training could not be started at all."""


PASSING = frozenset({Brake.BUSY, Brake.COOL_DOWN, Brake.BUDGET, Brake.FROZEN})
"""Brakes that end by themselves or by a person: what lasts asks again after them."""


class State(StrEnum):
    """How far a decision was carried out."""

    TRYING = "trying"
    """The project's own trial runs."""
    CHECKING = "checking"
    """Champion and trial are compared."""
    STARTING = "starting"
    TRAINING = "training"
    JUDGING = "judging"
    """The candidate is before its gates."""
    PASSED = "passed"
    """Its gates let it through; somebody may still have to sign or to promote."""
    PROMOTED = "promoted"
    REJECTED = "rejected"
    FAILED = "failed"
    """The training did not come to its end."""
    NO_CANDIDATE = "no_candidate"
    """The training has registered no version."""
    REGISTERED = "registered"
    """There is a version, and nothing that judges it."""
    DECLINED = "declined"


UNDER_WAY = frozenset({State.TRYING, State.CHECKING, State.STARTING, State.TRAINING, State.JUDGING})
"""At most one decision of a model is in one of these."""
WATCHED = UNDER_WAY | {State.PASSED}
CAME_TO_NOTHING = frozenset({State.REJECTED, State.FAILED})
CAME_TO_SOMETHING = frozenset({State.PASSED, State.PROMOTED, State.REGISTERED})


@dataclass(frozen=True, slots=True)
class BenefitFound:
    """What a trial says."""

    metric: str
    improvement: float | None
    """How much better the trial is than the champion; None: ``problem`` says why that is not known."""
    lower: float | None = None
    upper: float | None = None
    champion_value: float | None = None
    trial_value: float | None = None
    champion: int | None = None
    """The champion's version."""
    rows: int = 0
    trained_rows: int = 0
    freshest_from: str | None = None
    """The instant of the oldest row that was compared on."""
    data_table: str | None = None
    data_version: int | None = None
    problem: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class BrakeSaid:
    """What one brake says of a training now."""

    brake: Brake
    holds: bool
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Any]:
        return {"brake": self.brake.value, "holds": self.holds, "reason": self.reason, **self.facts}


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on a signal, and what became of it."""

    decision_id: int
    model: str
    revision: int
    """Of the policy that decided."""
    kind: TriggerKind
    trigger: str
    signal_key: str
    why: str
    figures: Mapping[str, Any]
    choice: Choice
    reason: str
    state: State
    decided_at: int
    """By the wall clock, in milliseconds since 1970-01-01 UTC."""
    instant: int
    """The present that brakes were counted by."""
    principal: str
    brake: Brake | None = None
    brakes: tuple[Mapping[str, Any], ...] = ()
    """What each brake said."""
    as_of: str | None = None
    """The present of the run, in a past that is replayed."""
    trial_run_id: int | None = None
    check_run_id: int | None = None
    candidate_uri: str | None = None
    """What the project's trial has made."""
    benefit: Mapping[str, Any] | None = None
    job_id: int | None = None
    run_id: int | None = None
    version: int | None = None
    outcome: str | None = None
    """One sentence on what became of it."""
    repeats: int = 0
    """How often the same trigger asked again and met the same brake."""
    updated_at: int = 0
    attempts: int = 0
    next_at: int = 0
    problem: str | None = None
    """Why the last attempt to go on failed."""


@dataclass(frozen=True, slots=True)
class LoopState:
    """What is remembered of one model's loop."""

    model: str
    position: int = 0
    """The last event that was looked at."""
    memory: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of each trigger, by its name."""
    data_now: int | None = None
    """The latest instant that the data has shown."""
    frozen_at: int | None = None
    frozen_by: str | None = None
    frozen_why: str | None = None
    counted_from: int = 0
    """Decisions after this one count for the freeze."""
    version: int = 0
    """Goes up with every change: of two that change it at once, one is too late."""

    @property
    def is_frozen(self) -> bool:
        return self.frozen_at is not None
