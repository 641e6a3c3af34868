"""The way back has been walked: a rollback, or a drill of one, that succeeded."""

from boathouse.monitoring.maturity.facts import Facts
from boathouse.monitoring.maturity.findings import Finding, met, not_met
from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import day


def look(facts: Facts) -> Finding:
    exercises = facts.exercises()
    if not exercises:
        return not_met("Nobody has rolled back, or tried to.")
    good = next((each for each in exercises if each.problem is None), None)
    if good is None:
        last = exercises[0]
        return not_met(f"The last attempt, on {day(last.at)}, did not succeed: {last.problem}")
    what = "drill" if good.is_drill else "rollback"
    return met(f"The last {what} that succeeded was on {day(good.at)} and took {good.took_ms / 1000:.1f} s.")


PRACTICE = Practice("rollback_exercised", "Rollback is exercised", look, "boathouse model rollback-drill {model}", 1)
