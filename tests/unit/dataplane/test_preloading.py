"""What is imported before the workers, and what that must not break."""

import sys
from pathlib import Path

import pytest

from boathouse.dataplane import preloading
from boathouse.foundation.home import Home
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.snapshot import files
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute, Snapshot


def test_a_library_that_cannot_be_imported_keeps_nobody_from_answering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LightGBM where the system has no OpenMP raises an OSError."""
    (tmp_path / "library_in_pieces.py").write_text("raise OSError('libgomp.so.1 is not there')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(preloading._LIBRARIES, "mlflow.pieces", "library_in_pieces")
    (tmp_path / "MLmodel").write_text("flavors:\n  python_function:\n    loader_module: mlflow.pieces\n")
    home = Home(tmp_path / "home")
    home.create()
    entity = LiveEntity("e", "m", EntityKind.MODEL, "main.tests.m", 1, str(tmp_path))
    served = LiveEndpoint("id", "m", 1, (entity,), (LiveRoute("e", 100.0),), frozenset(), EndpointPolicy())
    files.write(home, Snapshot(1, 0, (served,), {}))

    preloading.preload(home)

    assert "boathouse.dataplane.app" in sys.modules and "library_in_pieces" not in sys.modules
