"""The control plane's own figures as Prometheus reads them: jobs and parts. Endpoints are told by the data plane."""

from collections.abc import Iterator
from typing import Any

from boathouse.catalog import Catalog, SecurableKind
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.monitoring.system import repository as rows
from boathouse.monitoring.system.components import Look, looked_at

_OF_JOB = ["job_id", "job"]


class ControlPlaneMetrics:
    """Writes the text of ``/metrics``."""

    def __init__(self, database: Database, catalog: Catalog, components: list[Look]) -> None:
        self._database = database
        self._catalog = catalog
        self._components = components

    def text(self, principal: Principal) -> bytes:
        """What the principal may know: all parts, and the jobs that they may see."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected(self, principal))
        return generate_latest(registry)

    def families(self, principal: Principal) -> Iterator[Any]:
        yield from self._of_components()
        yield from self._of_jobs(principal)

    def _of_components(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        labels = ["component", "kind"]
        up = GaugeMetricFamily("boathouse_up", "Whether a part answers.", labels=labels)
        answer = GaugeMetricFamily("boathouse_answer_seconds", "How long a part took to answer.", labels=labels)
        memory = GaugeMetricFamily("boathouse_memory_bytes", "Resident memory.", labels=labels)
        waiting = GaugeMetricFamily("boathouse_waiting", "What waits for a part: requests, tasks.", labels=labels)
        cpu = CounterMetricFamily("boathouse_cpu_seconds", "Processor time.", labels=labels)
        for each in looked_at(self._components):
            named = [each.component, each.kind]
            up.add_metric(named, float(each.is_healthy))
            for family, value in (
                (answer, None if each.answer_ms is None else each.answer_ms / 1000),
                (memory, each.memory_bytes),
                (waiting, each.waiting),
                (cpu, each.cpu_seconds),
            ):
                if value is not None:
                    family.add_metric(named, value)
        yield from (up, answer, memory, waiting, cpu)

    def _of_jobs(self, principal: Principal) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        with self._database.read() as connection:
            totals, now = rows.job_totals(connection), {row.job_id: row for row in rows.newest_jobs(connection)}
        ids = [str(row.job_id) for row in totals]
        visible = {str(each) for each in self._catalog.grants.visible(principal, SecurableKind.JOB, ids)}
        # Gauges: what has grown too old leaves the sum, so it may become less.
        ended = GaugeMetricFamily(
            "boathouse_job_runs_kept",
            "Runs that ended, of the days that samples are kept.",
            labels=[*_OF_JOB, "result"],
        )
        seconds = GaugeMetricFamily("boathouse_job_run_seconds_kept", "How long those took together.", labels=_OF_JOB)
        cpu = GaugeMetricFamily("boathouse_job_cpu_seconds_kept", "Processor time of those.", labels=_OF_JOB)
        opened = GaugeMetricFamily("boathouse_job_runs_open", "Runs that have not ended.", labels=[*_OF_JOB, "state"])
        for row in totals:
            if str(row.job_id) not in visible and not principal.is_admin:
                continue
            named = [str(row.job_id), row.job_name or ""]
            for result in ("succeeded", "failed", "otherwise"):
                ended.add_metric([*named, result], float(getattr(row, result)))
            seconds.add_metric(named, row.took_ms / 1000)
            cpu.add_metric(named, float(row.cpu_seconds))
            for state in ("queued", "under_way"):
                opened.add_metric([*named, state], float(getattr(now[row.job_id], state)) if row.job_id in now else 0.0)
        yield from (ended, seconds, cpu, opened)


class _Collected:
    """Implements a collector of prometheus-client."""

    def __init__(self, metrics: ControlPlaneMetrics, principal: Principal) -> None:
        self._metrics = metrics
        self._principal = principal

    def collect(self) -> Iterator[Any]:
        return self._metrics.families(self._principal)
