"""Gates: what a candidate has to show, one file each. A gate measures; rules judge; nothing here moves an alias."""

from boathouse.models.gates.contract import Gate, GateSettings

__all__ = ["Gate", "GateSettings"]
