"""At the instants that a cron expression names. Of those that nobody looked at only the last one asks."""

from boathouse.foundation.clock import epoch_ms, from_epoch_ms
from boathouse.jobs.starting.cron import next_fire, parse_cron, parse_zone
from boathouse.monitoring.retraining.nouns import Signal
from boathouse.monitoring.retraining.policy import OnSchedule, TriggerKind
from boathouse.monitoring.retraining.triggers.contract import Asked, Looked

_MOST_SKIPPED = 10_000


def look(asked: Asked) -> Looked:
    said: OnSchedule = asked.settings
    cron, zone = parse_cron(said.quartz_cron_expression), parse_zone(said.timezone_id)
    following = next_fire(cron, from_epoch_ms(asked.now), zone)
    planned: int | None = asked.memory.get("next")
    upcoming = {"next": epoch_ms(following)} if following else {}
    if planned is None or planned > asked.now:  # the first look; or not yet, or a clock that was put back
        return Looked(upcoming)
    fire = from_epoch_ms(planned)
    for _ in range(_MOST_SKIPPED):
        later = next_fire(cron, fire, zone)
        if later is None or epoch_ms(later) > asked.now:
            break
        fire = later
    shown = fire.isoformat(timespec="seconds")
    return Looked(
        upcoming,
        (
            Signal(
                TriggerKind.SCHEDULE,
                asked.name,
                f"schedule:{asked.name}:{epoch_ms(fire)}",
                f"Its schedule {said.quartz_cron_expression} names {shown}.",
                {"fire": shown},
                epoch_ms(fire),
            ),
        ),
    )
