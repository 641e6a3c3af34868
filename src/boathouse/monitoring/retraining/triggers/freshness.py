"""The version in production is there for too long."""

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.spans import parse_span
from boathouse.monitoring.retraining.nouns import Signal
from boathouse.monitoring.retraining.policy import OnAge, TriggerKind
from boathouse.monitoring.retraining.triggers.contract import Asked, Looked


def look(asked: Asked) -> Looked:
    said: OnAge = asked.settings
    champion = asked.world.champion(asked.model)
    if champion is None:
        return Looked({})
    if asked.memory.get("version") == champion.version:
        since: int = asked.memory["since"]
    else:  # of a past that is replayed nobody else knows when the version came
        since = asked.now if asked.is_replay or champion.since is None else champion.since
    memory = {"version": champion.version, "since": min(since, asked.now)}
    limit = round(parse_span(said.older_than).total_seconds() * 1000)
    if asked.now - memory["since"] <= limit:
        return Looked(memory)
    shown = from_epoch_ms(memory["since"]).isoformat(timespec="seconds")
    signal = Signal(
        TriggerKind.FRESHNESS,
        asked.name,
        # After a trial that said no, it is asked again when as much time has gone by once more.
        f"freshness:{asked.name}:{champion.version}:{memory['since']}:{(asked.now - memory['since']) // limit}",
        f"Version {champion.version} is in production since {shown}, for longer than {said.older_than}.",
        {"version": champion.version, "since": shown, "older_than": said.older_than},
        lasts=True,
    )
    return Looked(memory, (signal,))
