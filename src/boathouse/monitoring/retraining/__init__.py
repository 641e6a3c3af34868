"""Retraining: what may start the training of a model again, what holds it back, and what was decided when, and why."""

from boathouse.monitoring.retraining.loop import LoopShown, Retraining
from boathouse.monitoring.retraining.nouns import Brake, Choice, Decision, NoRetraining, Signal, State
from boathouse.monitoring.retraining.policy import RetrainingPolicy

__all__ = [
    "Brake",
    "Choice",
    "Decision",
    "LoopShown",
    "NoRetraining",
    "Retraining",
    "RetrainingPolicy",
    "Signal",
    "State",
]
