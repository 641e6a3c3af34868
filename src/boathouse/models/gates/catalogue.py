"""The gates that there are, in the order in which they are asked and shown."""

from boathouse.models.gates import (
    against_baseline,
    against_champion,
    business_value,
    calibration,
    convergence,
    documentation,
    evaluation_data,
    explainability,
    fairness,
    leakage,
    metric,
    point_in_time,
    robustness,
    serving_checks,
    slices,
    training_data,
)
from boathouse.models.gates.contract import Gate

GATES: tuple[Gate, ...] = (
    convergence.GATE,
    metric.GATE,
    against_champion.GATE,
    against_baseline.GATE,
    slices.GATE,
    calibration.GATE,
    robustness.GATE,
    fairness.GATE,
    business_value.GATE,
    training_data.GATE,
    evaluation_data.GATE,
    leakage.GATE,
    point_in_time.GATE,
    explainability.GATE,
    serving_checks.GATE,
    documentation.GATE,
)
