"""``system.models.evidence`` and ``system.models.alias_history``: the rows that a principal may see."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.models.evidence import repository as evidence
from boathouse.models.repository import alias_decisions, alias_moves

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

_SAME = ("evidence_id", "gate", "metric", "slice_key", "slice_value", "rows", "value", "lower", "upper", "threshold",
         "verdict", "reason", "blocks", "baseline", "data_table", "data_version", "evaluation_id", "run_id",
         "code_hash", "requirements_revision", "rule", "details", "principal")  # fmt: skip
_MOVE = ("alias", "from_version", "to_version", "principal", "reason", "through", "request_id", "decision_id")


class ModelTables:
    """Reads both tables: of the models that the principal may use; administrators see those too that are gone."""

    def __init__(self, database: Database, catalog: "Catalog") -> None:
        self._database = database
        self._catalog = catalog

    def evidence(self, principal: Principal) -> Iterator[dict[str, Any]]:
        """Every judgement, in the order in which they were written."""
        with self._database.read() as connection:
            readable = self._readable(principal, evidence.models_with_evidence(connection))
            for row in evidence.everything(connection, readable):
                if row.retired_at is not None and not principal.is_admin:
                    continue
                yield {name: getattr(row, name) for name in _SAME} | {
                    "model_name": row.model,
                    "model_version": row.version,
                    "champion_version": row.champion,
                    "evaluation_kind": row.kind,
                    "recorded_at": from_epoch_ms(row.recorded_at),
                    "retired_at": None if row.retired_at is None else from_epoch_ms(row.retired_at),
                }

    def alias_history(self, principal: Principal) -> Iterator[dict[str, Any]]:
        """Every move of an alias, in the order in which they were made."""
        moves, decisions = alias_moves, alias_decisions
        joined = moves.outerjoin(decisions, moves.c.decision_id == decisions.c.decision_id)
        query = select(moves, decisions.c.kind, decisions.c.document).select_from(joined)
        with self._database.read() as connection:
            names = list(connection.execute(select(moves.c.model).distinct()).scalars())
            readable = self._readable(principal, names)
            if readable is not None:
                query = query.where(moves.c.model.in_(readable))
            for row in connection.execute(query.order_by(moves.c.id)):
                yield {name: getattr(row, name) for name in _MOVE} | {
                    "model_name": row.model,
                    "moved_at": from_epoch_ms(row.moved_at),
                    "decision_kind": row.kind,
                    "decision": row.document,
                }

    def _readable(self, principal: Principal, names: list[str]) -> list[str] | None:
        """Those of the models that the principal may use; None: all that there ever were."""
        if principal.is_admin:
            return None
        allows = self._catalog.grants.allows
        return [each for each in names if allows(principal, Privilege.EXECUTE, SecurableKind.REGISTERED_MODEL, each)]
