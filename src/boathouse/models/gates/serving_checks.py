"""Does it load, answer, refuse and keep its times, in a process of its own with what it requires?"""

import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import Field

from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import Measurement, Rule
from boathouse.models.gates.contract import Gate, GateSettings, by_settings
from boathouse.models.gates.unmeasured import unmeasured
from boathouse.models.requirements.requirements import Requirements
from boathouse.models.serving_check import CheckOptions, Interpreter, ServingCheck, begun_check, find_interpreter

NAME = "serving_checks"
LOADS, SIGNATURE, ANSWERS, REFUSES = "loads", "signature", "answered_rows", "unclear_bad_payloads"
P99, MEMORY, THROUGHPUT = "latency_p99_ms", "peak_memory_mb", "requests_per_second"
_PAYLOAD_ROWS = 200


class Settings(GateSettings):
    """Limits that are not set are those of ``constraints``; without either, times are measured and not judged."""

    latency_p99_ms: float | None = Field(default=None, gt=0)
    memory_mb: float | None = Field(default=None, gt=0)
    throughput_per_second: float | None = Field(default=None, gt=0)
    """Of one process that answers one request after the other."""
    load_seconds: float = Field(default=1.0, gt=0)
    """How long it is asked again and again."""
    rows_per_request: int = Field(default=1, ge=1)
    minimum_requests: int = Field(default=100, ge=1)
    """Fewer say nothing about the slowest in a hundred."""
    timeout_seconds: float = Field(default=120.0, gt=0)
    environment: Literal["required", "present"] = "required"
    """``required``: one that satisfies the model's requirements, built if need be. ``present``: that of the task."""


@contextmanager
def begin(case: Case, settings: Settings) -> Generator[Callable[[], Iterable[Measurement]]]:
    """The model loads in its process while other gates measure; its times are taken when they are through."""
    if case.folder is None:
        why = case.missing.get("folder", "the model's files are not here")
        yield lambda: unmeasured(NAME, _METRICS, why)
        return
    with tempfile.TemporaryDirectory(prefix="boathouse-payload-", ignore_cleanup_errors=True) as scratch:
        options = CheckOptions(
            timeout_seconds=settings.timeout_seconds,
            load_seconds=settings.load_seconds,
            minimum_requests=settings.minimum_requests,
            rows_per_request=settings.rows_per_request,
            payload=_payload(case, Path(scratch)),
        )
        find = _present if settings.environment == "present" else find_interpreter
        with begun_check(case.folder, options, find=find) as finish:
            yield lambda: _kept(case, finish())


def measure(case: Case, settings: Settings) -> Iterator[Measurement]:
    with begin(case, settings) as found:
        yield from found()


def _kept(case: Case, found: ServingCheck) -> Iterable[Measurement]:
    if case.scratch is not None:
        (case.scratch / "serving_check.json").write_text(found.to_json(), encoding="utf-8")
    return measurements(found)


def measurements(found: ServingCheck) -> Iterator[Measurement]:
    """What a serving check comes to."""
    why = "; ".join(found.problems) or "the check did not come so far"
    details = {"problems": list(found.problems), "environment": found.environment, "versions": found.versions}
    if not found.loaded and not found.environment:
        yield from unmeasured(NAME, _METRICS, why)
        return
    yield Measurement(
        NAME, LOADS, float(found.loaded), 1, details={**details, "load_seconds": found.load_seconds}
    )  # fmt: skip
    if found.has_signature is None:
        yield from unmeasured(NAME, _METRICS[1:], why)
        return
    yield Measurement(NAME, SIGNATURE, float(found.has_signature), 1)
    yield Measurement(
        NAME,
        ANSWERS,
        float(found.answered_rows),
        max(found.answered_rows, 1),
        details={"payload": found.payload, **details},
    )
    bad = found.bad_payloads
    if bad:
        unclear = [each for each in bad if not (each.refused and each.clear)]
        said = [{"what": each.what, "refused": each.refused, "said": each.said} for each in bad]
        yield Measurement(NAME, REFUSES, float(len(unclear)), len(bad), details={"bad_payloads": said})
    else:
        yield from unmeasured(NAME, REFUSES, f"no bad payload could be tried: {why}")
    latency = found.latency
    if latency is None:
        yield from unmeasured(NAME, [P99, THROUGHPUT], why)
    else:
        times = {"p50_ms": latency.p50_ms, "mean_ms": latency.mean_ms, "within": "the process, without the network"}
        yield Measurement(NAME, P99, latency.p99_ms, latency.requests, details=times)
        yield Measurement(NAME, THROUGHPUT, latency.requests_per_second, latency.requests, details=times)
    yield Measurement(
        NAME, MEMORY, found.peak_memory_mb, latency.requests if latency else 0,
        problem=None if found.peak_memory_mb is not None and latency else why,
    )  # fmt: skip


def rules(requirements: Requirements, settings: Settings) -> list[Rule]:
    limits = requirements.constraints
    found = [
        Rule(NAME, LOADS, minimum=1),
        Rule(NAME, SIGNATURE, minimum=1),
        Rule(NAME, ANSWERS, minimum=1),
        Rule(NAME, REFUSES, maximum=0),
    ]
    if limit := settings.latency_p99_ms or limits.latency_p99_ms:
        found.append(Rule(NAME, P99, maximum=limit, minimum_rows=settings.minimum_requests))
    if limit := settings.memory_mb or limits.memory_mb:
        found.append(Rule(NAME, MEMORY, maximum=limit))
    if limit := settings.throughput_per_second or limits.throughput_per_second:
        found.append(Rule(NAME, THROUGHPUT, minimum=limit, minimum_rows=settings.minimum_requests))
    return found


_METRICS = (LOADS, SIGNATURE, ANSWERS, REFUSES, P99, THROUGHPUT, MEMORY)


def _present(folder: Path) -> Interpreter:
    import sys

    return Interpreter(Path(sys.executable), "present")


def _payload(case: Case, scratch: Path) -> Path | None:
    """A few evaluation rows with what the model takes, for models without an example of their own. Whole ones, if there
    are any: pandas has no whole numbers that are null, and a signature may ask for such."""
    from boathouse.models.gates.explaining.explaining import pandas_rows

    if case.rows is None or case.scorer is None or not case.rows.rows:
        return None
    names = [name for name in case.scorer.inputs if name in case.rows.frame.columns]
    if not names:
        return None
    rows = case.rows.frame.select(names)
    whole = rows.drop_nulls().head(_PAYLOAD_ROWS)
    file = scratch / "payload.parquet"
    pandas_rows(whole if whole.height else rows.head(_PAYLOAD_ROWS), names, {}).to_parquet(file)
    return file


GATE = Gate(
    NAME,
    "Does it load, answer and refuse as serving will ask of it, in time?",
    Settings,
    measure,
    rules,
    needs=("folder",),
    shaped_by=by_settings("load_seconds", "rows_per_request", "timeout_seconds", "environment"),
    begin=begin,
)
