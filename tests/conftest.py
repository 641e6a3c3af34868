"""What tests of several rooms share: one real Boathouse, started when the first test asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from boathouse.testing import LocalBoathouse, running_boathouse


@pytest.fixture(scope="session")
def boathouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBoathouse]:
    """A running Boathouse that all tests of a process share; use names of your own in it."""
    with running_boathouse(Path(tmp_path_factory.mktemp("boathouse"))) as server:
        yield server
