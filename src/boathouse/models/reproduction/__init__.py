"""Whether a model version comes out again: the same code, environment, parameters and data, and what differs."""

from boathouse.models.reproduction.nouns import Aspect, Difference, Reproduction, Status, Verdict

__all__ = ["Aspect", "Difference", "Reproduction", "Status", "Verdict"]
