"""What a monitor watches and where it writes to, as it was said."""

import json

from boathouse.foundation.clock import from_epoch_ms
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.monitoring.overview import kind_of
from boathouse.server.ui.pages.monitoring.seen import Seen
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.text import facts, link, preformatted
from boathouse.server.ui.parts.times import when


async def settings_tab(seen: Seen) -> None:
    monitor, settings = seen.monitor, seen.monitor.settings
    with card("Alerts on this table"):
        grid(
            ["Alert", "State", "Severity", "Owner", "Metric"],
            [
                [
                    Linked(each.alert.name, addresses.alert(each.alert.name)),
                    State(each.state),
                    each.alert.rule.severity.value,
                    each.alert.owner,
                    each.alert.rule.metric,
                ]
                for each in seen.alerts
            ],
            label="Alerts on this table",
            nothing="No alert judges what this monitor measures.",
            next_step="boathouse alert put NAME --rule rule.yml",
        )
    with card("What is watched"):
        schedule = settings.schedule
        told: dict[str, object] = {
            "watches": kind_of(monitor),
            "owner, with whose rights it reads": monitor.owner,
            "baseline": _table(settings.baseline_table_name),
            "slices": ", ".join(settings.slices) or None,
            "profile metrics": _table(str(monitor.profile_table)),
            "drift metrics": _table(str(monitor.drift_table)),
            "schedule": _schedule(seen) if schedule is not None else None,
            "deployed by": monitor.origin,
            "version": monitor.version,
            "changed": lambda: when(from_epoch_ms(monitor.changed_at)),
        }
        facts(told)
        preformatted(json.dumps(settings.document(), indent=2, ensure_ascii=False))


def _schedule(seen: Seen) -> str:
    schedule = seen.monitor.settings.schedule
    assert schedule is not None
    paused = ", paused" if schedule.is_paused else ""
    return f"{schedule.quartz_cron_expression} ({schedule.timezone_id}){paused}"


def _table(name: str | None) -> object:
    return None if name is None else lambda: link(name, addresses.table(name))
