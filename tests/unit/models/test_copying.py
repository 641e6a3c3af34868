"""What compared with another champion says nothing of a copy."""

from __future__ import annotations

from boathouse.models.copying import comparable
from boathouse.models.evidence.nouns import Measurement

SOURCE = "dev.flights.delay@3"
LOSS = Measurement("metric", "log_loss", 0.4, 500, interval=(0.3, 0.5))
BETTER = Measurement("against_champion", "difference", -0.1, 500, interval=(-0.2, 0.0), baseline="version 2")


def test_a_number_of_the_model_alone_is_the_same_for_its_copy() -> None:
    carried = comparable(LOSS, same_champion=False, source=SOURCE)

    assert (carried.value, carried.interval, carried.problem) == (0.4, (0.3, 0.5), None)
    assert carried.details["copied_from"] == SOURCE


def test_a_comparison_counts_when_the_champion_is_the_same_model() -> None:
    assert comparable(BETTER, same_champion=True, source=SOURCE).value == -0.1


def test_a_comparison_with_another_champion_measured_nothing() -> None:
    carried = comparable(BETTER, same_champion=False, source=SOURCE)

    assert (carried.value, carried.interval) == (None, None)
    assert carried.problem == "it was measured against version 2 of dev.flights.delay@3, which is not the champion here"
