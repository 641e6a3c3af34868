"""A real data plane: requests in, answers out, whatever happens to its processes and to what it serves."""

import base64
import json
import os
import re
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
import pytest
import urllib3

from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.capture.reading import journals, look, segments
from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy, Limits
from boathouse.serving.snapshot.nouns import KnownToken, LiveEndpoint, LiveEntity, LiveRoute, LiveRung
from boathouse.serving.telemetry.reading import read_counts
from boathouse.testing.data_planes import CALLER, LocalDataPlane, running_data_plane

pytestmark = pytest.mark.server

ROW = {"dataframe_split": {"columns": ["a", "b"], "data": [[0.5, 0.25]]}}


def endpoint(folder: Path, name: str = "linear", version: int = 1, **changes: Any) -> LiveEndpoint:
    entity = LiveEntity(f"{name}-{version}", "m", EntityKind.MODEL, "main.tests.linear", version, str(folder))
    made = LiveEndpoint(
        endpoint_id=f"id-{name}", name=name, config_version=version, entities=(entity,),
        routes=(LiveRoute(entity.entity_id, 100.0),), callers=frozenset({CALLER}), policy=EndpointPolicy(),
        capture=CaptureTarget("main", "tests", name), owner=CALLER,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory, linear_model: Path) -> Iterator[LocalDataPlane]:
    with running_data_plane(Path(tmp_path_factory.mktemp("plane")), endpoint(linear_model)) as found:
        yield found


def captured(plane: LocalDataPlane) -> list[Exchange]:
    found: list[Exchange] = []
    for journal in journals(plane.home.serving / "journal"):
        for segment in segments(journal):
            found += [each.exchange for each in look(segment, 0, is_ended=True, most_bytes=1 << 30).exchanges]
    return found


@contextmanager
def traffic(plane: LocalDataPlane, threads: int = 4) -> Iterator[Counter[Any]]:
    """Requests of one row, one after another, from several callers at once; what became of them."""
    seen: Counter[Any] = Counter()
    stop = threading.Event()

    def ask() -> None:
        with urllib3.PoolManager(retries=False) as http:
            while not stop.is_set():
                try:
                    answered = plane.ask("linear", ROW, http=http)
                    seen[answered.status] += 1
                    seen[answered.headers.get("x-served-by")] += 1
                    seen[answered.headers["x-request-id"]] += 1 if answered.status == 200 else 0
                except urllib3.exceptions.HTTPError as error:
                    seen[type(error).__name__] += 1
                    time.sleep(0.02)

    running = [threading.Thread(target=ask) for _ in range(threads)]
    for each in running:
        each.start()
    try:
        yield seen
    finally:
        stop.set()
        for each in running:
            each.join()


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "It has not come to hold."
        time.sleep(0.05)


def test_an_answer_says_who_gave_it_and_is_in_the_journal(plane: LocalDataPlane) -> None:
    answered = plane.ask("linear", ROW, headers={"x-request-id": "theirs"})
    assert answered.status == 200
    assert answered.json["predictions"] == pytest.approx([1.25], abs=0.3)
    assert answered.headers["x-served-by"] == "main.tests.linear@1"
    assert answered.headers["served-model-name"] == "m"
    kept = next(each for each in captured(plane) if each.request_id == answered.headers["x-request-id"])
    assert (kept.status, kept.version, kept.role, kept.principal) == (200, 1, "primary", CALLER)
    assert kept.client_request_id == "theirs"
    assert (json.loads(kept.request), kept.response) == (ROW, answered.body)


def test_many_rows_get_as_many_answers_in_their_order(plane: LocalDataPlane) -> None:
    rows = [[at / 3000, 0.0] for at in range(3000)]
    many = plane.ask("linear", {"dataframe_split": {"columns": ["a", "b"], "data": rows}}).json["predictions"]
    assert len(many) == 3000
    first = plane.ask("linear", {"dataframe_split": {"columns": ["a", "b"], "data": rows[:1]}}).json["predictions"]
    assert many[0] == first[0]
    assert many[2999] > many[0] + 1


def test_the_only_endpoint_is_asked_without_a_name_too(plane: LocalDataPlane) -> None:
    named, unnamed = plane.ask("linear", ROW), plane.request("POST", "/invocations", json.dumps(ROW).encode(),
                                                            headers={"content-type": "application/json"})  # fmt: skip
    assert named.body == unnamed.body


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"token": None}, 401, "UNAUTHENTICATED"),
        ({"token": "nobody's"}, 401, "UNAUTHENTICATED"),
        ({"endpoint": "elsewhere"}, 404, "RESOURCE_DOES_NOT_EXIST"),
        ({"body": b"{"}, 400, "BAD_REQUEST"),
        ({"body": b'{"rows": []}'}, 400, "BAD_REQUEST"),
        ({"body": {"dataframe_records": [{"a": 1.0}]}}, 400, "INVALID_PARAMETER_VALUE"),
        ({"body": {"dataframe_records": [{"a": "late", "b": 1.0}]}}, 400, "INVALID_PARAMETER_VALUE"),
        ({"content_type": "image/png"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"body": b" " * (16 * 1024 * 1024 + 1)}, 413, "REQUEST_TOO_LARGE"),
        ({"headers": {"served-model-name": "other"}}, 404, "RESOURCE_DOES_NOT_EXIST"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(
    plane: LocalDataPlane, change: dict[str, Any], status: int, code: str
) -> None:  # fmt: skip
    asked = {"endpoint": "linear", "body": ROW, **change}
    with urllib3.PoolManager(retries=False) as http:
        try:
            answered = plane.ask(asked.pop("endpoint"), asked.pop("body"), http=http, **asked)
        except urllib3.exceptions.ProtocolError:
            assert status == 413  # the answer has left before the body was sent, and the connection has ended
            return
    assert (answered.status, answered.json["error_code"]) == (status, code)
    assert answered.json["message"]
    assert plane.ask("linear", ROW).status == 200


def test_pages_tell_what_is_there(plane: LocalDataPlane) -> None:
    assert plane.request("GET", "/ping", token=None).status == 200
    assert plane.request("GET", "/health", token=None).json.get("states") is None
    (state,) = plane.request("GET", "/health").json["states"]
    assert (state["name"], state["versions"], state["is_ready"]) == ("linear", ["main.tests.linear@1"], True)
    assert plane.request("GET", "/version", token=None).body
    assert plane.request("GET", "/serving-endpoints/linear/ping").status == 200
    assert plane.request("GET", "/serving-endpoints/linear/invocations").status == 405
    assert plane.request("DELETE", "/health").status == 405
    assert plane.request("GET", "/nowhere").status == 404
    assert plane.request("GET", "/metrics", token=None).status == 401


def test_a_form_asks_for_nothing_that_its_reader_may_not_see(plane: LocalDataPlane) -> None:
    answered = plane.request("GET", "/serving-endpoints/linear/form", token=None)
    assert (answered.status, answered.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answered.body == plane.request("GET", "/serving-endpoints/nobodys/form", token=None).body
    script, style = (
        re.search(rf"<{tag}>(.*?)</{tag}>", answered.body.decode(), re.DOTALL) for tag in ("script", "style")
    )
    assert script and style
    policy = answered.headers["content-security-policy"]
    for found in (script, style):
        digest = base64.b64encode(sha256(found[1].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert plane.request("POST", "/serving-endpoints/linear/form").status == 405


def test_metrics_count_answers_by_status_and_version(plane: LocalDataPlane) -> None:
    plane.ask("linear", ROW)
    plane.ask("linear", b"{")
    text = plane.request("GET", "/metrics").body.decode()
    labels = 'endpoint="linear",entity="main.tests.linear",role="primary"'
    assert f'boathouse_serving_requests_total{{{labels},status="200",version="1"}}' in text
    assert 'boathouse_serving_requests_total{endpoint="linear",entity="",role="",status="400",version=""}' in text
    assert "boathouse_serving_latency_seconds_bucket" in text
    assert "boathouse_serving_memory_bytes" in text


def test_a_client_that_sends_slowly_holds_nobody_up(plane: LocalDataPlane) -> None:
    slow = []
    for _ in range(20):
        client = socket.create_connection(("127.0.0.1", plane.port))
        client.sendall(b"POST /serving-endpoints/linear/invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n")
        slow.append(client)
    slow[0].sendall(b"authorization: Bearer a-token-of-a-caller\r\ncontent-type: application/json\r\n\r\n{")
    try:
        assert plane.ask("linear", ROW).status == 200
    finally:
        for client in slow:
            client.close()


def test_a_change_of_what_is_served_loses_no_request(tmp_path: Path, linear_model: Path) -> None:
    first, second = endpoint(linear_model), endpoint(linear_model, version=2)
    with running_data_plane(tmp_path, first, workers=2) as plane, traffic(plane) as seen:
        for _ in range(3):
            plane.serve(second)
            plane.serve(first)
        wait_until(lambda: seen["main.tests.linear@1"] > 0 and seen["main.tests.linear@2"] > 0)
    assert {key for key in seen if isinstance(key, int)} == {200}
    assert not any(str(key).endswith("Error") for key in seen)


def test_a_version_that_does_not_load_leaves_the_one_before_answering(tmp_path: Path, linear_model: Path) -> None:
    nowhere = tmp_path / "nowhere"
    with running_data_plane(tmp_path, endpoint(linear_model)) as plane:
        plane.serve(endpoint(nowhere, version=2))
        wait_until(lambda: "does not load" in (plane.request("GET", "/health").json["states"][0]["why"] or ""))
        assert plane.ask("linear", ROW).headers["x-served-by"] == "main.tests.linear@1"
        (state,) = plane.request("GET", "/health").json["states"]
        assert (state["config_version"], state["wanted_config_version"]) == (1, 2)

        plane.serve(endpoint(linear_model), endpoint(nowhere, "fresh"))
        wait_until(lambda: "does not load" in plane.ask("fresh", ROW).json["message"])
        refused = plane.ask("fresh", ROW)
        assert refused.status == 503
        assert "retry-after" in refused.headers


def test_a_revoked_token_and_a_lost_right_end_at_once(tmp_path: Path, linear_model: Path) -> None:
    known = {"one": KnownToken("ann", frozenset({"ann", "team"}), False, None),
             "two": KnownToken("root", frozenset({"root"}), True, None)}  # fmt: skip
    served = endpoint(linear_model, callers=frozenset({"team"}))
    with running_data_plane(tmp_path, served, tokens=known) as plane:
        assert [plane.ask("linear", ROW, token=each).status for each in known] == [200, 200]
        plane.serve(replace(served, callers=frozenset()), tokens=known)
        assert [plane.ask("linear", ROW, token=each).status for each in known] == [403, 200]
        # The new version never loads; the token is dead nevertheless.
        plane.serve(endpoint(tmp_path / "nowhere", version=2), tokens={"two": known["two"]})
        assert [plane.ask("linear", ROW, token=each).status for each in known] == [401, 200]


def test_killed_workers_come_back_and_every_answer_is_in_the_journal(tmp_path: Path, linear_model: Path) -> None:
    with running_data_plane(tmp_path, endpoint(linear_model), workers=2) as plane:
        with traffic(plane) as seen:
            for _ in range(3):
                (first, *_) = before = plane.pids
                os.kill(first, signal.SIGKILL)
                wait_until(lambda before=before: len(set(plane.pids) - set(before)) == 1)
        plane.wait_for(1)
        ids = {each.request_id: each for each in captured(plane)}
        answered = [key for key in seen if str(key) in ids or str(key).count("-") == 4]
        assert seen[200] == len(answered) > 0
        assert all(ids[key].status == 200 for key in answered)
        assert {key for key in seen if isinstance(key, int)} == {200}


def test_a_worker_that_hangs_is_replaced(tmp_path: Path, linear_model: Path) -> None:
    with running_data_plane(tmp_path, endpoint(linear_model), workers=2) as plane:
        stuck, *_ = plane.pids
        os.kill(stuck, signal.SIGSTOP)
        wait_until(lambda: not psutil.pid_exists(stuck), seconds=40)
        plane.wait_for(1)
        assert plane.ask("linear", ROW).status == 200


def test_requests_under_way_are_answered_when_it_stops(tmp_path: Path, linear_model: Path) -> None:
    rows = {"dataframe_split": {"columns": ["a", "b"], "data": [[0.5, 0.25]] * 90_000}}
    with running_data_plane(tmp_path, endpoint(linear_model)) as plane:
        found: list[int] = []
        asking = threading.Thread(target=lambda: found.append(plane.ask("linear", rows).status))
        asking.start()
        wait_until(lambda: any(counts.under_way for counts in read_counts(plane.home)) or not asking.is_alive())
        plane.process.terminate()
        asking.join()
        assert plane.process.wait(30) == 0
    assert found == [200]


def test_when_its_parent_is_killed_the_workers_end(tmp_path: Path, linear_model: Path) -> None:
    with running_data_plane(tmp_path, endpoint(linear_model), workers=2) as plane:
        pids = plane.pids
        plane.process.kill()
        plane.process.wait()
        wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


def test_who_asks_too_often_or_for_too_much_is_told_when_to_come_back(tmp_path: Path, linear_model: Path) -> None:
    limits = Limits(requests_per_second=1, rows=5)
    with running_data_plane(tmp_path, endpoint(linear_model, policy=EndpointPolicy(limits=limits))) as plane:
        answers = [plane.ask("linear", ROW) for _ in range(5)]
        refused = [each for each in answers if each.status == 429]
        assert refused
        assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
        assert refused[0].json["error_code"] == "REQUEST_LIMIT_EXCEEDED"
        time.sleep(1.1)
        many = {"dataframe_split": {"columns": ["a", "b"], "data": [[0.5, 0.25]] * 6}}
        assert plane.ask("linear", many).status == 413


def test_a_deadline_that_passes_is_told_or_the_ladder_answers(tmp_path: Path, linear_model: Path) -> None:
    rows = {"dataframe_split": {"columns": ["a", "b"], "data": [[0.5, 0.25]] * 50_000}}
    policy = EndpointPolicy(limits=Limits(deadline_ms=20))
    late = endpoint(linear_model, policy=policy)
    fallen = endpoint(linear_model, "fallen", policy=policy, ladder=(LiveRung("constant", value=7.0),))
    with running_data_plane(tmp_path, late, fallen) as plane:
        refused = plane.ask("linear", rows)
        assert (refused.status, refused.json["error_code"]) == (504, "DEADLINE_EXCEEDED")
        assert plane.ask("linear", ROW).status == 200


def test_an_idle_data_plane_imports_nothing_heavy_and_learns_of_its_first_endpoint(
    tmp_path: Path, linear_model: Path
) -> None:  # fmt: skip
    with running_data_plane(tmp_path) as plane:
        (pid,) = plane.pids
        assert not any("numpy" in each.path or "pyarrow" in each.path for each in psutil.Process(pid).memory_maps())
        plane.serve(endpoint(linear_model))
        wait_until(lambda: plane.ask("linear", ROW).status == 200)
