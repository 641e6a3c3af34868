"""A process that keeps dying is started later each time; one that has lived long begins anew."""

import subprocess
import sys

from boathouse.wiring.supervised import LONGEST_PAUSE_SECONDS, SOON_SECONDS, STEADY_SECONDS, Process


def ended() -> "subprocess.Popen[bytes]":
    child = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    child.wait()
    return child


def test_pauses_grow_to_a_bound() -> None:
    process = Process("control-plane", "boathouse.server")
    pauses = [process.died(now=1.0) for _ in range(12)]
    assert pauses[:4] == [0.2, 0.4, 0.8, 1.6]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_what_answers_predictions_is_never_away_for_long() -> None:
    process = Process("data-plane", "boathouse.dataplane", SOON_SECONDS)
    assert max(process.died(now=1.0) for _ in range(12)) == SOON_SECONDS


def test_who_has_lived_long_begins_anew() -> None:
    process = Process("worker", "boathouse.worker")
    child = ended()
    process.started(child, now=0.0)
    assert [process.died(now=1.0), process.died(now=2.0)] == [0.2, 0.4]
    process.started(child, now=3.0)
    assert process.died(now=3.0 + STEADY_SECONDS, was_well=False) == 0.8
    process.started(child, now=100.0)
    assert process.died(now=100.0 + STEADY_SECONDS) == 0.2


def test_it_is_due_after_its_pause_and_tells_of_it_until_then() -> None:
    process = Process("worker", "boathouse.worker")
    process.started(ended(), now=0.0)
    assert not process.is_alive
    assert process.waiting() is None
    process.died(now=1.0)
    assert (process.is_due(now=1.1), process.is_due(now=1.3)) == (False, True)
    told = process.waiting()
    assert told is not None
    assert (told["deaths"], told["exit_code"]) == (1, 3)
    process.started(ended(), now=1.3)
    assert process.waiting() is None
