"""A short soak; the long one is ``python tests/integration/serving/soak/soaking.py 200000``."""

from pathlib import Path

import pytest

from boathouse.testing import running_boathouse

from .soaking import VARIABLES, balance, soak

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]


def test_every_answer_is_recorded_once_whoever_is_killed_meanwhile(tmp_path: Path) -> None:
    with running_boathouse(tmp_path, variables=VARIABLES) as server:
        books = soak(server, 6_000)
        assert books.killed
        assert books.changed
        assert balance(server, books) == []
