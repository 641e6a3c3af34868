"""The snapshot's file: what is written is what is read."""

from pathlib import Path

import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import Home
from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind
from boathouse.serving.endpoints.policy import Canary, EndpointPolicy, Rung, RungKind
from boathouse.serving.snapshot import files
from boathouse.serving.snapshot.nouns import (
    KnownToken,
    LiveEndpoint,
    LiveEntity,
    LiveRoute,
    LiveRung,
    LiveShadow,
    OnlineFeatures,
    Snapshot,
)


def test_what_is_written_is_read_back_with_its_types(tmp_path: Path) -> None:
    home, snapshot = Home(tmp_path), full_snapshot()
    files.write(home, snapshot)
    assert files.read(home) == snapshot


def test_without_a_file_there_is_no_snapshot(tmp_path: Path) -> None:
    assert files.read(Home(tmp_path)) is None


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    files.write(Home(tmp_path), full_snapshot())
    assert files.snapshot_file(Home(tmp_path)).stat().st_mode & 0o077 == 0


def test_the_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    files.write(home, full_snapshot())
    files.write(home, Snapshot(generation=8, written_at=2, endpoints=(), tokens={}))
    assert files.read(home) == Snapshot(generation=8, written_at=2, endpoints=(), tokens={})
    assert [each.name for each in home.serving.iterdir()] == ["snapshot.json"]


def test_another_release_s_snapshot_says_what_it_is(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.serving.mkdir()
    files.snapshot_file(home).write_text('{"generation": "many"}')
    with pytest.raises(InvalidInput, match="is not a snapshot of endpoints"):
        files.read(home)


def full_snapshot() -> Snapshot:
    entity = LiveEntity("e1", "champion", EntityKind.MODEL, "main.f.delay", 3, "/models/3", baseline_folder="/models/b")
    spec = LiveEntity("e2", "keys", EntityKind.FEATURE_SPEC, "main.f.spec", None, None, spec="inputs: []")
    endpoint = LiveEndpoint(
        endpoint_id="x",
        name="delays",
        config_version=2,
        entities=(entity, spec),
        routes=(LiveRoute("e1", 100.0, "primary"),),
        callers=frozenset({"ann", "pilots"}),
        policy=EndpointPolicy(canary=Canary(), fallback=[Rung(kind=RungKind.CONSTANT, value=[0.5])]),
        shadows=(LiveShadow("e2", 10.0),),
        ladder=(LiveRung("constant", value=[0.5]), LiveRung("rules", function={"name": "f", "parameters": [1]})),
        features={"e1": OnlineFeatures(tables={"main.f.t": {"store": "default", "freshness_seconds": None}})},
        capture=CaptureTarget("main", "f", "delays"),
        masked_columns=frozenset({"name"}),
    )
    waiting = LiveEndpoint("y", "later", 1, (), (), frozenset(), EndpointPolicy(), why="There is no champion yet.")
    token = KnownToken("ann", frozenset({"ann", "pilots"}), is_admin=False, expires_at=5)
    return Snapshot(generation=7, written_at=1, endpoints=(endpoint, waiting), tokens={"ab" * 32: token})
