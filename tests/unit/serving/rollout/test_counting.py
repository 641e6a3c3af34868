"""Counts of a step: what came since it began, whoever starts again meanwhile."""

import json

from boathouse.serving.rollout.counting import Tallies
from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS, Counts, Series, WorkerCounts

SIDES = {"canary": ["v2"], "replaced": ["v1"]}


def counts(good: int, bad: int = 0, fallen: int = 0) -> Counts:
    latency = (good + bad, *[0] * len(LATENCY_BOUNDS_MS))
    return Counts({200: good, 500: bad, 400: 1}, fallen, latency, 1.0, good, (good, 0, 0))


def worker(pid: int, canary: Counts, replaced: Counts, started_at: int = 0) -> WorkerCounts:
    series = {
        Series("e", "v2", "canary"): canary,
        Series("e", "v1", "primary"): replaced,
        Series("e", "v2", "shadow"): counts(10_000),
        Series("other", "v2", "canary"): counts(10_000),
    }
    return WorkerCounts(pid, started_at, series, 0, 0, is_alive=True)


def test_what_a_worker_counted_before_the_step_is_not_the_steps() -> None:
    tallies = Tallies()
    tallies.look([worker(1, counts(50), counts(500))], "e", SIDES, since=10)
    tallies.look([worker(1, counts(53, 2, 1), counts(600))], "e", SIDES, since=10)
    canary, replaced = tallies.of("canary"), tallies.of("replaced")

    assert (canary.answers, canary.errors, canary.fallen, canary.bad) == (5, 2, 1, 3)
    assert (replaced.answers, replaced.predictions) == (100, (100, 0, 0))
    assert sum(canary.latency) == 5


def test_a_worker_that_starts_within_the_step_counts_from_zero() -> None:
    tallies = Tallies()
    tallies.look([worker(1, counts(50), counts(500)), worker(2, counts(7), counts(8), 11)], "e", SIDES, since=10)
    assert tallies.of("canary").answers == 7


def test_a_worker_that_dies_takes_nothing_along_and_its_successor_adds() -> None:
    tallies = Tallies()
    tallies.look([], "e", SIDES, since=10)
    tallies.look([worker(1, counts(20), counts(0), 11)], "e", SIDES, since=10)
    tallies.look([worker(2, counts(5), counts(0), 12)], "e", SIDES, since=10)
    assert tallies.of("canary").answers == 25


def test_a_control_plane_that_starts_again_goes_on_counting() -> None:
    tallies = Tallies()
    tallies.look([worker(1, counts(50), counts(0))], "e", SIDES, since=10)
    tallies.look([worker(1, counts(60), counts(0))], "e", SIDES, since=10)

    again = Tallies(json.loads(json.dumps(tallies.to_json())))
    assert again.of("canary").answers == 10
    again.look([worker(1, counts(75), counts(0))], "e", SIDES, since=10)
    assert again.of("canary").answers == 25


def test_a_look_says_whether_anything_has_come() -> None:
    tallies = Tallies()
    one = [worker(1, counts(50), counts(0))]
    assert tallies.look(one, "e", SIDES, since=10)
    assert not tallies.look(one, "e", SIDES, since=10)


def test_both_sides_count_from_when_the_canary_begins_to_answer() -> None:
    nothing = Counts({}, 0, (0,) * (len(LATENCY_BOUNDS_MS) + 1), 0.0, 0, ())
    tallies = Tallies()
    for answered in (500, 600, 700):  # the canary is still being loaded
        assert tallies.look([worker(1, nothing, counts(answered))], "e", SIDES, since=10)
    assert tallies.of("replaced").answers == 0

    again = Tallies(json.loads(json.dumps(tallies.to_json())))
    again.look([worker(1, counts(3), counts(720))], "e", SIDES, since=10)
    again.look([worker(1, counts(9), counts(745))], "e", SIDES, since=10)
    assert (again.of("canary").answers, again.of("replaced").answers) == (9, 45)
    assert again.of("replaced").predictions == (45, 0, 0)
