"""One endpoint: who answers, what happens when that fails, what is kept."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import InvalidInput, Unavailable
from boathouse.serving.answering.answering import Answering, Tools
from boathouse.serving.answering.loaded import Loaded, Wanted, wanted_by
from boathouse.serving.answering.requests import Answer, Asked
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy, Limits
from boathouse.serving.scoring.nouns import ModelAway, Payload
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute, LiveRung, LiveShadow
from boathouse.serving.telemetry.counters import Counters
from boathouse.serving.telemetry.nouns import Counts, Series
from boathouse.serving.telemetry.reading import read_file

ROWS = {"dataframe_records": [{"x": 1.0}, {"x": 2.0}]}
CONSTANT = (LiveRung("constant", value=7),)


@dataclass
class Doubling:
    """A model that doubles x, or does what it is told."""

    is_fast: bool = True
    does: Callable[[list[float]], Any] = field(default=lambda xs: [2 * x for x in xs])
    required: tuple[str, ...] = ("x",)

    def read(self, payload: Payload) -> list[float]:
        if not all("x" in row for row in payload.data):
            raise InvalidInput("Column x is missing.")
        return [row["x"] for row in payload.data]

    def predict(self, arrays: Any, params: Mapping[str, Any] | None) -> Any:
        return self.does(arrays)

    def answer(self, predictions: Any) -> bytes:
        return json.dumps(predictions).encode()

    def close(self) -> None:
        pass


@dataclass
class Kept:
    """A journal in memory, which can be full."""

    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    is_full: bool = False

    def write(self, exchange: Exchange) -> None:
        if self.is_full:
            raise Unavailable("The answer cannot be accounted for.")
        self.exchanges.append(exchange)

    def close(self) -> None:
        pass


@dataclass
class Worker:
    """What surrounds an endpoint."""

    folder: Path
    journal: Kept = field(default_factory=Kept)
    shadowed: list[Any] = field(default_factory=list[Any])
    falls: list[Any] = field(default_factory=list[Any])

    def __post_init__(self) -> None:
        self.counters = Counters(self.folder)

    def answering(self, endpoint: LiveEndpoint, **scorers: Any) -> Answering:
        tools = Tools(self.journal, self.counters, self.shadowed.append, lambda _, fallen: self.falls.append(fallen))
        loaded = {each.key: Loaded(each.entity, scorers[each.entity.entity_id]) for each in wanted_by(endpoint)}
        return Answering(endpoint, loaded, tools)

    def counts(self, entity: str, role: str = "primary") -> Counts:
        found = read_file(self.counters.file)
        assert found is not None
        return found.series[Series("id", entity, role)]


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path)


def endpoint(*entities: str, **changes: Any) -> LiveEndpoint:
    names = entities or ("one",)
    made = LiveEndpoint(
        endpoint_id="id", name="doubling", config_version=3,
        entities=tuple(LiveEntity(each, each, EntityKind.MODEL, f"main.m.{each}", 1, None) for each in names),
        routes=(LiveRoute(names[0], 100.0),), callers=frozenset(), policy=EndpointPolicy(),
        capture=CaptureTarget("main", "m", "doubling"),
    )  # fmt: skip
    return replace(made, **changes)


def asked(body: Any = ROWS, **changes: Any) -> Asked:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = Asked(text, "application/json", "r-1", time.time_ns() // 1000, time.perf_counter(), "ann")
    return replace(made, **changes)


async def answer_of(answering: Answering, request: Asked) -> Answer:
    found = answering.answer(request)
    return found if isinstance(found, Answer) else await found


def answer(answering: Answering, request: Asked | None = None) -> Answer:
    return asyncio.run(answer_of(answering, request or asked()))


@pytest.mark.parametrize("is_fast", [True, False])
def test_an_answer_is_kept_counted_and_says_who_gave_it(worker: Worker, is_fast: bool) -> None:
    found = answer(worker.answering(endpoint(), one=Doubling(is_fast)))
    assert (found.status, found.body) == (200, b'{"predictions": [2.0, 4.0]}')
    assert dict(found.headers)["x-served-by"] == "main.m.one@1"
    (kept,) = worker.journal.exchanges
    assert (kept.status, kept.entity_id, kept.config_version, kept.response) == (200, "one", 3, found.body)
    assert (worker.counts("one").by_status, worker.counts("one").rows) == ({200: 1}, 2)


def test_a_fast_model_answers_at_once_and_a_slow_one_in_a_thread(worker: Worker) -> None:
    seen: list[bool] = []

    def where(xs: list[float]) -> list[float]:
        seen.append(threading.current_thread() is threading.main_thread())
        return xs

    answer(worker.answering(endpoint(), one=Doubling(True, where)))
    answer(worker.answering(endpoint(), one=Doubling(False, where)))
    many = {"dataframe_records": [{"x": 1.0}] * 5_000}
    answer(worker.answering(endpoint(), one=Doubling(True, where)), asked(many))
    assert seen == [True, False, False]


@pytest.mark.parametrize("is_fast", [True, False])
def test_bad_input_is_the_callers_and_nobody_falls(worker: Worker, is_fast: bool) -> None:
    served = endpoint(ladder=CONSTANT)
    found = answer(worker.answering(served, one=Doubling(is_fast)), asked({"dataframe_records": [{"y": 1}]}))
    assert (found.status, json.loads(found.body)["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert worker.falls == []
    (kept,) = worker.journal.exchanges
    assert (kept.status, kept.error_codes) == (400, ("INVALID_PARAMETER_VALUE",))


def failing(xs: list[float]) -> Any:
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize("is_fast", [True, False])
def test_a_model_that_raises_says_so_and_others_go_on(worker: Worker, is_fast: bool) -> None:
    found = answer(worker.answering(endpoint(), one=Doubling(is_fast, failing)))
    assert (found.status, json.loads(found.body)["error_code"]) == (500, "MODEL_FAILED")
    assert "main.m.one@1 failed: division by zero" in json.loads(found.body)["message"]
    assert worker.counts("one").by_status == {500: 1}


@pytest.mark.parametrize("ladder", [(), (LiveRung("previous", entity_id="old"),)])
def test_a_model_whose_process_comes_back_asks_to_be_asked_later(worker: Worker, ladder: tuple[LiveRung, ...]) -> None:
    def away(_: object) -> object:
        raise ModelAway("the model's process is being started again: it was killed")

    served = endpoint("one", "old", ladder=ladder)
    found = answer(worker.answering(served, one=Doubling(False, away), old=Doubling(False, away)))
    assert found.status == 503
    assert dict(found.headers)["retry-after"] == "1"
    assert "is being started again" in json.loads(found.body)["message"]


@pytest.mark.parametrize("is_fast", [True, False])
def test_the_next_rung_answers_and_it_is_said_which_and_why(worker: Worker, is_fast: bool) -> None:
    ladder = (LiveRung("previous", entity_id="old"), LiveRung("constant", value=7))
    served = endpoint("one", "old", ladder=ladder)
    found = answer(worker.answering(served, one=Doubling(is_fast, failing), old=Doubling()))
    headers = dict(found.headers)
    assert (found.status, found.body) == (200, b'{"predictions": [2.0, 4.0]}')
    assert (headers["x-fallback"], headers["x-served-by"]) == ("previous", "main.m.old@1")
    (kept,) = worker.journal.exchanges
    assert (kept.role, kept.rung, kept.entity_id) == ("fallback", "previous", "old")
    assert "division by zero" in (kept.why or "")
    assert (worker.counts("one").fallen, len(worker.falls)) == (1, 1)


def test_a_model_that_hangs_does_not_keep_its_caller_and_the_constant_answers(worker: Worker) -> None:
    release = threading.Event()
    slow = Doubling(False, lambda xs: release.wait(30))
    policy = EndpointPolicy(limits=Limits(deadline_ms=100))
    served = endpoint(policy=policy, ladder=CONSTANT)
    try:
        found = answer(worker.answering(served, one=slow))
        refused = answer(worker.answering(endpoint(policy=policy), one=slow))
    finally:
        release.set()
    assert (found.status, found.body) == (200, b'{"predictions": [7,7]}')
    assert refused.status == 504


def test_a_long_request_of_which_the_model_hangs_falls_and_counts_as_every_other(worker: Worker) -> None:
    release = threading.Event()
    slow = Doubling(False, lambda xs: release.wait(30))
    policy = EndpointPolicy(limits=Limits(deadline_ms=2_000))
    long = {"dataframe_records": [{"x": 1.0}], "params": {"padding": "p" * 300_000}}
    try:
        found = answer(worker.answering(endpoint(policy=policy, ladder=CONSTANT), one=slow), asked(long))
        refused = answer(worker.answering(endpoint(policy=policy), one=slow), asked(long))
    finally:
        release.set()
    assert (found.status, found.body) == (200, b'{"predictions": [7]}')
    assert refused.status == 504
    assert (worker.counts("one").by_status, worker.counts("one").fallen) == ({200: 1, 504: 1}, 1)
    assert [kept.entity_id for kept in worker.journal.exchanges] == ["", "one"]


def test_a_rung_that_hangs_leaves_it_to_the_constant_by_the_deadline(worker: Worker) -> None:
    release = threading.Event()
    slow = Doubling(False, lambda xs: release.wait(30))
    policy = EndpointPolicy(limits=Limits(deadline_ms=300))
    ladder = (LiveRung("previous", entity_id="old"), *CONSTANT)
    answering = worker.answering(
        endpoint("one", "old", policy=policy, ladder=ladder), one=Doubling(True, failing), old=slow
    )
    try:
        found = answer(answering)
    finally:
        release.set()
    assert (found.status, found.body) == (200, b'{"predictions": [7,7]}')


def test_a_request_that_nobody_waits_for_still_takes_a_slot(worker: Worker) -> None:
    release = threading.Event()
    policy = EndpointPolicy(limits=Limits(deadline_ms=100, concurrency=1, queue=0))
    answering = worker.answering(endpoint(policy=policy), one=Doubling(False, lambda xs: release.wait(30)))

    async def story() -> list[int]:
        statuses = [(await answer_of(answering, asked())).status for _ in range(2)]
        release.set()
        while answering.is_busy:
            await asyncio.sleep(0.01)
        return statuses

    assert asyncio.run(story()) == [504, 429]


@pytest.mark.parametrize(("ladder", "status"), [(CONSTANT, 200), ((), 504)])
def test_a_request_that_waits_for_others_until_the_deadline_gets_the_constant(
    worker: Worker, ladder: tuple[LiveRung, ...], status: int
) -> None:
    release = threading.Event()
    policy = EndpointPolicy(limits=Limits(deadline_ms=200, concurrency=1, queue=5))
    served = endpoint(policy=policy, ladder=ladder)
    answering = worker.answering(served, one=Doubling(False, lambda xs: release.wait(30)))

    async def story() -> list[Answer]:
        found = await asyncio.gather(*(answer_of(answering, asked()) for _ in range(3)))
        release.set()
        while answering.is_busy:
            await asyncio.sleep(0.01)
        return found

    assert [each.status for each in asyncio.run(story())] == [status] * 3


def test_a_model_that_fails_is_not_quoted_in_the_log_where_columns_are_masked(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    def quoting(_: list[float]) -> Any:
        raise ValueError("no such passenger Ada")

    for masked in (frozenset[str](), frozenset({"x"})):
        caplog.clear()
        refused = answer(worker.answering(endpoint(masked_columns=masked), one=Doubling(True, quoting)))
        assert (refused.status, "Ada" in caplog.text) == (500, not masked)
        assert "main.m.one@1 failed" in caplog.text


def test_an_answer_that_cannot_be_kept_is_not_given(worker: Worker) -> None:
    worker.journal.is_full = True
    found = answer(worker.answering(endpoint(), one=Doubling()))
    assert found.status == 503


def test_without_capture_nothing_is_kept(worker: Worker) -> None:
    assert answer(worker.answering(endpoint(capture=None), one=Doubling())).status == 200
    assert worker.journal.exchanges == []


def test_a_caller_can_name_who_answers(worker: Worker) -> None:
    served = endpoint("one", "two", routes=(LiveRoute("one", 100.0), LiveRoute("two", 0.0, "canary")))
    answering = worker.answering(served, one=Doubling(), two=Doubling(does=lambda xs: [0.0 for _ in xs]))
    assert answer(answering).body == b'{"predictions": [2.0, 4.0]}'
    assert answer(answering, asked(named="two")).body == b'{"predictions": [0.0, 0.0]}'
    assert answer(answering, asked(named="three")).status == 404


def test_shadows_see_what_was_asked_and_answer_nobody(worker: Worker) -> None:
    served = endpoint("one", "two", shadows=(LiveShadow("two", 100.0),))
    answering = worker.answering(served, one=Doubling(), two=Doubling(does=failing))
    assert answer(answering).status == 200
    (task,) = worker.shadowed
    assert (task.entity_id, task.exchange.request_id) == ("two", "r-1")
    with pytest.raises(ZeroDivisionError):
        answering.scored("two", task.payload)


def test_nothing_is_wanted_twice() -> None:
    ladder = (LiveRung("previous", entity_id="two"), LiveRung("baseline", entity_id="one"))
    served = endpoint("one", "two", ladder=ladder, shadows=(LiveShadow("two", 100.0),))
    keys = {wanted.key for wanted in wanted_by(served)}
    assert len(keys) == 3
    assert Wanted(served.entities[0], served.policy.limits, None, True).key in keys
