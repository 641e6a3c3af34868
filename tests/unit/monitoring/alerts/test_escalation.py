"""Who is told besides when nobody answers."""

from datetime import timedelta

import pytest

from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.shapes import fit
from boathouse.monitoring.alerts.rules import AlertRule

STEPS = [{"after": "15m", "tell": ["desk"]}, {"after": "1h", "tell": ["head@example.com"]}]


def told(watch) -> list[tuple[str, str]]:
    return [(each.destination, each.payload["event_type"]) for each in watch.messages()]


def test_each_step_is_told_in_its_time_and_once(watch) -> None:
    watch.measure({0: 50.0})
    watch.put(above=10, escalate=STEPS)
    assert watch.go_on() == 1
    watch.clock.advance(timedelta(minutes=14))
    assert watch.go_on() == 0
    watch.clock.advance(timedelta(minutes=1))
    assert (watch.go_on(), watch.go_on()) == (1, 0)
    assert "nobody has acknowledged it" in watch.messages()[-1].payload["title"]
    watch.clock.advance(timedelta(minutes=45))
    assert (watch.go_on(), watch.go_on()) == (1, 0)
    assert told(watch) == [
        ("oncall", "alert.fired"), ("desk", "alert.escalated"), ("head@example.com", "alert.escalated"),
    ]  # fmt: skip


def test_who_was_told_that_it_fires_is_told_that_it_is_fine_and_nobody_else(watch) -> None:
    watch.measure({0: 50.0})
    watch.put(above=10, escalate=STEPS)
    watch.go_on()
    watch.clock.advance(timedelta(minutes=20))
    watch.go_on()
    watch.measure({1: 1.0})
    watch.refreshed()
    watch.go_on()
    assert told(watch)[2:] == [("oncall", "alert.resolved"), ("desk", "alert.resolved")]
    watch.clock.advance(timedelta(days=1))
    assert watch.go_on() == 0


def test_who_acknowledges_it_ends_escalation_and_reminders(watch) -> None:
    watch.measure({0: 50.0})
    watch.put(above=10, escalate=STEPS, tell_again="10m")
    watch.go_on()
    [done] = watch.alerts.acknowledge(watch.ada, "nulls", "the feed is being repaired")
    assert (done.acknowledged_by, done.acknowledgement) == ("ada", "the feed is being repaired")
    assert done.acknowledged_at is not None and done.is_open
    watch.clock.advance(timedelta(hours=3))
    assert watch.go_on() == 0
    watch.measure({1: 1.0})
    watch.refreshed()
    watch.go_on()
    assert told(watch)[-1] == ("oncall", "alert.resolved")
    watch.measure({2: 60.0})
    watch.refreshed()
    watch.go_on()
    watch.clock.advance(timedelta(minutes=15))
    watch.go_on()
    assert told(watch)[-1][1] == "alert.escalated", "what fires anew is nobody's yet"


def test_all_steps_that_are_due_when_a_silence_ends_are_told(watch) -> None:
    watch.measure({0: 50.0})
    watch.put(above=10, escalate=STEPS)
    watch.go_on()
    watch.alerts.silence(watch.ada, "nulls", "2h", "repair")
    watch.clock.advance(timedelta(hours=1, minutes=30))
    assert watch.go_on() == 0
    watch.clock.advance(timedelta(hours=1))
    assert (watch.go_on(), watch.go_on()) == (2, 0)


def test_a_rule_that_has_no_steps_any_more_escalates_no_more(watch) -> None:
    watch.measure({0: 50.0})
    watch.put(above=10, escalate=STEPS)
    watch.go_on()
    watch.clock.advance(timedelta(minutes=20))
    watch.go_on()
    watch.put(above=10)
    watch.clock.advance(timedelta(hours=3))
    assert watch.go_on() == 0
    watch.measure({1: 1.0})
    watch.refreshed()
    watch.go_on()
    assert told(watch)[-1] == ("oncall", "alert.resolved")


def test_what_cannot_be_is_refused_in_words(watch) -> None:
    watch.measure({0: 5.0})
    with pytest.raises(BoathouseError, match="nobody-there"):
        watch.put(above=10, escalate=[{"after": "1h", "tell": ["nobody-there"]}])
    with pytest.raises(InvalidInput, match="later than the one before"):
        fit(AlertRule, {"events": {"types": ["job.failed"]}, "escalate": STEPS[::-1]}, what="The alert")
    watch.put(above=10)
    with pytest.raises(InvalidInput, match="Nothing of nulls fires"):
        watch.alerts.acknowledge(watch.ada, "nulls", "me")
    with pytest.raises(InvalidInput, match="Say who sees to it"):
        watch.alerts.acknowledge(watch.ada, "nulls", " ")
