"""``system.monitoring.retraining_decisions``: the rows that a principal may see."""

import json
from collections.abc import Iterator
from typing import Any

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.monitoring.retraining import repository as rows
from boathouse.monitoring.retraining.telling import KIND

_SAME = ("decision_id", "trigger", "why", "reason", "as_of", "job_id", "run_id", "trial_run_id", "check_run_id",
         "outcome", "principal", "repeats")  # fmt: skip


class RetrainingTables:
    """Reads the table: of the models that the principal may use; administrators see those too that are gone."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog

    def decisions(self, principal: Principal) -> Iterator[dict[str, Any]]:
        """Every decision, in the order in which they were made."""
        with self._database.read() as connection:
            readable = None
            if not principal.is_admin:
                allows = self._catalog.grants.allows
                known = rows.models_with_decisions(connection)
                readable = [each for each in known if allows(principal, Privilege.EXECUTE, KIND, each)]
            found = rows.every_decision(connection, readable)
        for each in found:
            benefit = each.benefit or {}
            yield {name: getattr(each, name) for name in _SAME} | {
                "model_name": each.model,
                "policy_revision": each.revision,
                "trigger_kind": each.kind.value,
                "decision": each.choice.value,
                "brake": each.brake.value if each.brake else None,
                "state": each.state.value,
                "figures": json.dumps(dict(each.figures), ensure_ascii=False),
                "brakes": json.dumps(list(each.brakes), ensure_ascii=False),
                "benefit_metric": benefit.get("metric"),
                "benefit": benefit.get("improvement"),
                "benefit_lower": benefit.get("lower"),
                "benefit_upper": benefit.get("upper"),
                "benefit_rows": benefit.get("rows"),
                "model_version": each.version,
                "decided_at": from_epoch_ms(each.decided_at),
                "instant": from_epoch_ms(each.instant),
                "updated_at": from_epoch_ms(each.updated_at),
            }
