"""What a worker says of its endpoints is what others read, as long as it lives."""

from dataclasses import replace
from pathlib import Path

import pytest

from boathouse.foundation.home import Home
from boathouse.serving.answering.states import States, forget_uncounted, read_states, read_workers
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.endpoints.worker_state import EndpointState
from boathouse.serving.fallback.ladder import Fallen
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute
from boathouse.serving.telemetry.counters import Counters
from boathouse.serving.telemetry.reading import counts_folder

ENTITY = LiveEntity("m-2", "m", EntityKind.MODEL, "dev.lab.m", 2, "/nowhere")
ENDPOINT = LiveEndpoint("e1", "delays", 3, (ENTITY,), (LiveRoute("m-2", 100.0),), frozenset(), EndpointPolicy())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def counters(home: Home) -> Counters:
    return Counters(counts_folder(home))


@pytest.fixture
def states(home: Home, counters: Counters) -> States:
    return States(home.serving / "states", counters.file.stem)


def test_a_worker_that_has_not_spoken_yet_takes_no_requests(home: Home, states: States) -> None:
    assert read_workers(home) == []
    states.write()
    assert read_workers(home) == [{}]


def test_what_is_told_is_read(home: Home, states: States) -> None:
    waiting = replace(ENDPOINT, routes=())
    states.put(ENDPOINT, waiting, "dev.lab.m@2 is being loaded.", {"m": None})
    states.write()
    (told,) = read_workers(home)
    assert told["e1"] == EndpointState(
        "e1", "delays", 3, 3, is_ready=False, versions=(), why="dev.lab.m@2 is being loaded.", lacking={"m": None}
    )
    states.put(ENDPOINT, ENDPOINT, None, {})
    states.write()
    (told,) = read_workers(home)
    assert told["e1"] == EndpointState(
        "e1", "delays", 3, 3, is_ready=True, versions=("dev.lab.m@2",), entity_ids=("m-2",)
    )


def test_falls_are_told_when_it_is_time_to_and_changes_at_once(
    home: Home, states: States, counters: Counters
) -> None:  # fmt: skip
    states.put(ENDPOINT, ENDPOINT, None, {})
    states.write()
    states.fell(ENDPOINT, Fallen(b"", "constant", "it is away"))
    states.write(with_falls=False)
    assert read_states(home, counters.file.stem)[0].last_fall is None
    states.write()
    fall = read_states(home, counters.file.stem)[0].last_fall
    assert fall is not None
    assert (fall.rung, fall.why) == ("constant", "it is away")


def test_a_worker_that_has_ended_is_none(home: Home) -> None:
    gone = Counters(counts_folder(home), pid=2**22 - 3)
    States(home.serving / "states", gone.file.stem).write()
    assert read_states(home, gone.file.stem) == []
    assert read_workers(home) == []


def test_what_uncounted_workers_have_said_is_forgotten(home: Home, states: States, counters: Counters) -> None:
    gone = Counters(counts_folder(home), pid=2**22 - 3)
    States(home.serving / "states", gone.file.stem).write()
    states.write()
    gone.file.unlink()
    forget_uncounted(home)
    assert [file.stem for file in (home.serving / "states").iterdir()] == [counters.file.stem]


def test_where_columns_are_masked_a_fall_says_who_had_failed_and_not_what_it_said(home: Home, states: States) -> None:
    masked = replace(ENDPOINT, masked_columns=frozenset({"passenger"}))
    states.put(masked, masked, None, {})
    states.fell(masked, Fallen(b"", "constant", "dev.lab.m@2: no such passenger Ada; previous: it is away"))
    states.write()

    ((told,),) = ([*each.values()] for each in read_workers(home))
    assert told.last_fall is not None
    assert told.last_fall.why.startswith("dev.lab.m@2: ")
    assert "Ada" not in told.last_fall.why
