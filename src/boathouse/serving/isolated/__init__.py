"""Models in processes of their own: asked over a socket, killed at the deadline, started again in the background."""

from boathouse.serving.isolated.asking import IsolatedModel
from boathouse.serving.isolated.nouns import Answered, Isolation, ProcessAway, ProcessFailed

__all__ = ["Answered", "IsolatedModel", "Isolation", "ProcessAway", "ProcessFailed"]
