"""What the rooms of models share in tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.models.ground import Ground, new_ground


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with new_ground(tmp_path) as made:
        yield made
