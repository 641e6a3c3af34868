"""What all workers have counted, as Prometheus reads it. Any worker can tell, and so can the control plane."""

from collections.abc import Iterator, Mapping
from typing import Any

from boathouse.foundation.home import Home
from boathouse.serving.snapshot.nouns import LiveEndpoint
from boathouse.serving.telemetry.ended import totals
from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS, Counts, Series, WorkerCounts

_OF_SERIES = ["endpoint", "entity", "version", "role"]


def metrics_text(home: Home, endpoints: Mapping[str, LiveEndpoint]) -> bytes:
    """The text of ``/metrics``.

    Args:
        endpoints: By id: those that whoever asks may know of.
    """
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(*totals(home), endpoints))
    return generate_latest(registry)


class _Collected:
    """Implements a collector of prometheus-client."""

    def __init__(
        self, workers: list[WorkerCounts], series: Mapping[Series, Counts], endpoints: Mapping[str, LiveEndpoint]
    ) -> None:
        self._workers = workers
        self._series = series
        self._endpoints = endpoints

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily(
            "boathouse_serving_requests", "Answers by status.", labels=[*_OF_SERIES, "status"]
        )
        fallen = CounterMetricFamily(
            "boathouse_serving_fallen", "Answers of a rung below the routed version.", labels=_OF_SERIES
        )
        rows = CounterMetricFamily("boathouse_serving_rows", "Rows that were answered.", labels=_OF_SERIES)
        latency = HistogramMetricFamily(
            "boathouse_serving_latency_seconds", "From the first header to the answer.", labels=_OF_SERIES
        )
        for series, counts in sorted(self._series.items(), key=lambda each: str(each[0])):
            endpoint = self._endpoints.get(series.endpoint_id)
            if endpoint is None:
                continue
            labels = _labels(endpoint, series)
            for status, count in sorted(counts.by_status.items()):
                requests.add_metric([*labels, str(status)], count)
            fallen.add_metric(labels, counts.fallen)
            rows.add_metric(labels, counts.rows)
            latency.add_metric(labels, _buckets(counts), counts.latency_sum_ms / 1000)
        yield from (requests, fallen, rows, latency)
        yield from self._of_workers()
        yield from self._of_endpoints()

    def _of_workers(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        told = {
            "waiting_requests": "Requests that wait for a slot.",
            "under_way_requests": "Requests under way in threads.",
            "journal_bytes": "Exchanges in the journal that are in no table yet.",
            "capture_degraded": "Whether the journal is full and answers are kept by the rule for that.",
            "snapshot_generation": "The snapshot that the worker answers by.",
            "memory_bytes": "Resident memory.",
        }
        families = {
            name: GaugeMetricFamily(f"boathouse_serving_{name}", text, labels=["pid"]) for name, text in told.items()
        }
        cpu = CounterMetricFamily("boathouse_serving_cpu_seconds", "Processor time.", labels=["pid"])
        dropped = CounterMetricFamily(
            "boathouse_serving_shadows_dropped", "Requests that no shadow saw, for want of time.", labels=["pid"]
        )
        for worker in self._workers:
            if not worker.is_alive:
                continue
            memory, seconds = _used(worker.pid)
            values = (worker.waiting, worker.under_way, worker.journal_bytes, worker.is_capture_degraded,
                      worker.generation, memory)  # fmt: skip
            for family, value in zip(families.values(), values, strict=True):
                family.add_metric([str(worker.pid)], float(value))
            cpu.add_metric([str(worker.pid)], seconds)
            dropped.add_metric([str(worker.pid)], worker.shadows_dropped)
        yield from (*families.values(), cpu, dropped)

    def _of_endpoints(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        share = GaugeMetricFamily("boathouse_serving_traffic_share", "Of the requests, in percent.", labels=_OF_SERIES)
        for endpoint in self._endpoints.values():
            for route in endpoint.routes:
                series = Series(endpoint.endpoint_id, route.entity_id, route.role)
                share.add_metric(_labels(endpoint, series), route.percent)
        yield share


def _labels(endpoint: LiveEndpoint, series: Series) -> list[str]:
    entity = next((each for each in endpoint.entities if each.entity_id == series.entity_id), None)
    if entity is None:
        return [endpoint.name, series.entity_id, "", series.role]
    return [endpoint.name, entity.entity, "" if entity.version is None else str(entity.version), series.role]


def _buckets(counts: Counts) -> list[tuple[str, float]]:
    bounds = [*(str(bound / 1000) for bound in LATENCY_BOUNDS_MS), "+Inf"]
    total, found = 0, list[tuple[str, float]]()
    for bound, count in zip(bounds, counts.latency, strict=True):
        total += count
        found.append((bound, total))
    return found


def _used(pid: int) -> tuple[int, float]:
    import psutil

    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return process.memory_info().rss, times.user + times.system
    except psutil.Error:
        return 0, 0.0
