"""The gates that there are, in the order in which they are asked and shown."""

from boathouse.models.gates import (
    convergence,
    documentation,
    point_in_time,
    serving_checks,
)
from boathouse.models.gates.contract import Gate

GATES: tuple[Gate, ...] = (
    convergence.GATE,
    point_in_time.GATE,
    serving_checks.GATE,
    documentation.GATE,
)
