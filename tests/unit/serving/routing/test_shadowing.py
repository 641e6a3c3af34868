"""Shadows see what callers asked, never hold a caller up, and drop what does not fit."""

import threading
from dataclasses import replace
from typing import Any

from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.routing.shadowing import Shadowed, ShadowQueue, Shadows, ShadowTask, _Pace  # pyright: ignore[reportPrivateUsage]
from boathouse.serving.scoring.nouns import Payload, ScoringFailed, Shape
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute, LiveShadow

PAYLOAD = Payload(Shape.SPLIT, 1, ["x"], [[1]])


def exchange(request_id: str = "r1") -> Exchange:
    return Exchange(request_id, "e", 1, "v1", 1, "primary", "ann", 1, 2, 200, "application/json", b"{}", b"[1]",
                    rung="constant", why="because", features=b"[]")  # fmt: skip


def endpoint(percent: float = 20, **versions: int) -> LiveEndpoint:
    """One that v1 answers for, v2 watches, and entities of these versions belong to."""
    entities = tuple(LiveEntity(id, "m", EntityKind.MODEL, "a.b.c", version, None) for id, version in versions.items())
    return LiveEndpoint("e", "m", 1, entities, (LiveRoute("v1", 100),), frozenset(), EndpointPolicy(),
                        shadows=(LiveShadow("v2", percent),))  # fmt: skip


class Written:
    def __init__(self, expected: int) -> None:
        self.exchanges: list[Exchange] = []
        self._left = threading.Semaphore(0)
        self._expected = expected

    def __call__(self, exchange: Exchange, predictions: Any, rows: int) -> None:
        self.exchanges.append(exchange)
        self._left.release()

    def wait(self) -> list[Exchange]:
        for _ in range(self._expected):
            assert self._left.acquire(timeout=10)
        return self.exchanges


def test_what_a_shadow_says_is_kept_beside_what_the_caller_got() -> None:
    written = Written(1)
    queue = ShadowQueue(lambda entity_id, payload: Shadowed(b"[2]", features=b"[{}]"), written)
    assert queue.offer(ShadowTask("v2", 2, PAYLOAD, exchange()))

    (kept,) = written.wait()
    queue.close()
    assert (kept.request_id, kept.entity_id, kept.version, kept.role) == ("r1-shadow", "v2", 2, "shadow")
    assert (kept.request, kept.response, kept.status, kept.features) == (b"{}", b"[2]", 200, b"[{}]")
    assert (kept.rung, kept.why, kept.principal) == (None, None, "ann")


def test_a_shadow_that_fails_is_kept_with_what_it_failed_of() -> None:
    def fails(entity_id: str, payload: Payload) -> Shadowed:
        raise ScoringFailed("no")

    written = Written(1)
    queue = ShadowQueue(fails, written)
    queue.offer(ShadowTask("v2", 2, PAYLOAD, exchange()))
    (kept,) = written.wait()
    queue.close()
    assert (kept.status, kept.why, queue.failed) == (500, "ScoringFailed: no", 1)


def test_what_has_become_no_shadow_meanwhile_is_kept_by_nobody() -> None:
    written = Written(1)
    queue = ShadowQueue(lambda entity_id, _: None if entity_id == "gone" else Shadowed(b"[2]"), written)
    queue.offer(ShadowTask("gone", 2, PAYLOAD, exchange("first")))
    queue.offer(ShadowTask("v2", 2, PAYLOAD, exchange("second")))

    kept = written.wait()
    queue.close()
    assert [each.request_id for each in kept] == ["second-shadow"]
    assert queue.failed == 0


def test_what_does_not_fit_is_dropped_and_counted_and_nobody_waits() -> None:
    goes_on = threading.Event()

    def hangs(entity_id: str, payload: Payload) -> Shadowed:
        goes_on.wait(10)
        return Shadowed(b"[]")

    queue = ShadowQueue(hangs, Written(0), most=3)
    offered = [queue.offer(ShadowTask("v2", 2, PAYLOAD, exchange(str(each)))) for each in range(20)]
    goes_on.set()
    queue.close()
    assert 3 <= offered.count(True) <= 4, "three wait, and one may be with the shadow"
    assert queue.dropped == offered.count(False)


def test_shares_of_shadows_hold() -> None:
    shadows = Shadows(endpoint(v1=1, v2=2))
    seen = sum(len(shadows.of(PAYLOAD, exchange(str(each)))) for each in range(5000))
    assert 1000 - 150 < seen < 1000 + 150


def test_a_shadow_is_not_asked_what_its_own_version_has_answered() -> None:
    shadows = Shadows(endpoint(v1=1, v2=2, canary=2, percent=100))
    asked = {id: len(shadows.of(PAYLOAD, replace(exchange(), entity_id=id))) for id in ("v1", "canary", "v2")}
    assert asked == {"v1": 1, "canary": 0, "v2": 0}


def test_while_callers_keep_the_worker_busy_shadows_take_little_of_the_time() -> None:
    clock = {"wall": 0.0, "answering": 0.0}
    rests: list[float] = []
    pace = _Pace(lambda: clock["answering"], lambda: clock["wall"], rests.append)

    clock.update(wall=1.0, answering=0.9)
    pace.rest(0.02)
    clock.update(wall=2.0, answering=1.1)
    pace.rest(0.02)
    assert [round(each, 3) for each in rests] == [0.647, 0.0]
