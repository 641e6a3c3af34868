"""The gates that there are, in the order in which they are asked and shown."""

from boathouse.models.gates.contract import Gate

GATES: tuple[Gate, ...] = ()
