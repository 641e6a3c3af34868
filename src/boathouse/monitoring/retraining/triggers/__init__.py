"""The kinds of triggers, one in each file."""

from collections.abc import Mapping

from boathouse.monitoring.retraining.policy import TriggerKind
from boathouse.monitoring.retraining.triggers import (
    alert,
    data_volume,
    event,
    freshness,
    metrics,
    schedule,
    table_update,
)
from boathouse.monitoring.retraining.triggers.contract import TriggerLook

LOOKS: Mapping[TriggerKind, TriggerLook] = {
    TriggerKind.SCHEDULE: schedule.look,
    TriggerKind.TABLE_UPDATE: table_update.look,
    TriggerKind.DATA_VOLUME: data_volume.look,
    TriggerKind.DRIFT: metrics.look_at(TriggerKind.DRIFT),
    TriggerKind.QUALITY: metrics.look_at(TriggerKind.QUALITY),
    TriggerKind.FRESHNESS: freshness.look,
    TriggerKind.ALERT: alert.look,
    TriggerKind.EVENT: event.look,
}
