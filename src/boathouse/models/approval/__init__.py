"""Approval: who has signed a version, whether they may, and how long it holds."""

from boathouse.models.approval.counting import count_signatures
from boathouse.models.approval.nouns import Approval, Ended, Say, Tally

__all__ = ["Approval", "Ended", "Say", "Tally", "count_signatures"]
