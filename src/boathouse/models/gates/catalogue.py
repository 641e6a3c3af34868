"""The gates that there are, in the order in which they are asked and shown."""

from boathouse.models.gates import (
    against_baseline,
    against_champion,
    convergence,
    documentation,
    metric,
    point_in_time,
    serving_checks,
)
from boathouse.models.gates.contract import Gate

GATES: tuple[Gate, ...] = (
    convergence.GATE,
    metric.GATE,
    against_champion.GATE,
    against_baseline.GATE,
    point_in_time.GATE,
    serving_checks.GATE,
    documentation.GATE,
)
