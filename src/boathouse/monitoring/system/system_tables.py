"""``system.monitoring.endpoint_metrics``, ``job_metrics``, ``component_metrics``: the rows that a principal may see."""

import json
from collections.abc import Iterator
from typing import Any

from boathouse.catalog import Catalog, SecurableKind
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.monitoring.system import repository as rows
from boathouse.monitoring.system.schema import component_samples, endpoint_samples, job_samples
from boathouse.serving.rollout.judging import quantile_ms

_ENDPOINT = ("endpoint_id", "endpoint_name", "entity_id", "role", "requests", "errors", "refused", "fallen", "rows")
_JOB = ("job_id", "job_name", "queued", "under_way", "succeeded", "failed", "otherwise", "waited_ms", "took_ms",
        "longest_ms", "cpu_seconds", "peak_memory_bytes")  # fmt: skip
_COMPONENT = ("component", "kind", "is_healthy", "message", "answer_ms", "cpu_seconds", "memory_bytes", "waiting")
_QUANTILES = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95, "latency_p99_ms": 0.99}


class SystemFigures:
    """Reads the tables: of endpoints and jobs that the principal may see; parts are no secret."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog

    def endpoints(self, principal: Principal) -> Iterator[dict[str, Any]]:
        """One row for each minute, endpoint, entity and role that answered."""
        with self._database.read() as connection:
            found = rows.rows(connection, endpoint_samples)
        names = sorted({each.endpoint_name for each in found if each.endpoint_name})
        visible = set(names) if principal.is_admin else set(self._visible(principal, SecurableKind.ENDPOINT, names))
        for row in found:
            if not principal.is_admin and row.endpoint_name not in visible:
                continue
            latency = json.loads(row.latency)
            mean = row.latency_sum_ms / row.requests if row.requests else None
            quantiles = {name: quantile_ms(latency, share) for name, share in _QUANTILES.items()}
            yield (
                _window(row) | {name: getattr(row, name) for name in _ENDPOINT} | {"latency_mean_ms": mean} | quantiles
            )

    def jobs(self, principal: Principal) -> Iterator[dict[str, Any]]:
        """One row for each minute and job of which runs were open or ended."""
        with self._database.read() as connection:
            found = rows.rows(connection, job_samples)
        ids = sorted({str(each.job_id) for each in found})
        visible = set(ids) if principal.is_admin else set(self._visible(principal, SecurableKind.JOB, ids))
        for row in found:
            if str(row.job_id) in visible:
                yield _window(row) | {name: getattr(row, name) for name in _JOB}

    def components(self, principal: Principal) -> Iterator[dict[str, Any]]:
        """One row for each minute and part."""
        with self._database.read() as connection:
            found = rows.rows(connection, component_samples)
        for row in found:
            yield _window(row) | {name: getattr(row, name) for name in _COMPONENT}

    def parts_now(self, principal: Principal) -> list[dict[str, Any]]:
        """How each part was at the last look; nobody needs a right to know whether the platform is well."""
        with self._catalog.audit.verb(principal, "monitoring", "listParts"), self._database.read() as connection:
            found = rows.newest_components(connection)
        ordered = sorted(found, key=lambda each: (each.kind, each.component))
        return [_window(row) | {name: getattr(row, name) for name in _COMPONENT} for row in ordered]

    def _visible(self, principal: Principal, kind: SecurableKind, names: list[str]) -> list[str]:
        return [str(each) for each in self._catalog.grants.visible(principal, kind, names)]


def _window(row: Any) -> dict[str, Any]:
    return {"window_start": from_epoch_ms(row.since), "window_end": from_epoch_ms(row.sampled_at)}
