"""A model that ends whoever loads it is left alone after some deaths."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from boathouse.foundation.errors import Unavailable
from boathouse.serving.answering.crashes import FORGIVEN_AFTER_SECONDS, MOST_DEATHS, LoadingDeaths


def die_while_loading(folder: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from boathouse.serving.answering.crashes import LoadingDeaths\n"
        "with LoadingDeaths(Path(sys.argv[1])).loading('bad'): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(folder)]).returncode == -9


def test_after_some_deaths_it_is_not_tried_again_and_others_are(tmp_path: Path) -> None:
    deaths = LoadingDeaths(tmp_path)
    for _ in range(MOST_DEATHS):
        with deaths.loading("good"):
            pass
        die_while_loading(tmp_path)
    with pytest.raises(Unavailable, match="ended the process 3 times"), deaths.loading("bad"):
        pass
    with deaths.loading("good"):
        pass
    for file in tmp_path.iterdir():
        os.utime(file, (0, 0))
    with deaths.loading("bad"):
        pass


def test_one_that_loads_after_all_is_forgiven(tmp_path: Path) -> None:
    deaths = LoadingDeaths(tmp_path)
    for _ in range(2):
        die_while_loading(tmp_path)
        die_while_loading(tmp_path)
        with deaths.loading("bad"):
            pass
    assert [file.suffix for file in tmp_path.iterdir()] == [".loaded"]


def test_what_has_loaded_before_is_tried_again_soon(tmp_path: Path) -> None:
    deaths = LoadingDeaths(tmp_path)
    with deaths.loading("bad"):
        pass
    for _ in range(MOST_DEATHS):
        die_while_loading(tmp_path)
    with pytest.raises(Unavailable), deaths.loading("bad"):
        pass

    for file in tmp_path.iterdir():
        os.utime(file, (time.time() - FORGIVEN_AFTER_SECONDS - 1,) * 2)

    with deaths.loading("bad"):
        pass


def test_who_fails_as_it_should_is_not_counted(tmp_path: Path) -> None:
    deaths = LoadingDeaths(tmp_path)
    for _ in range(2 * MOST_DEATHS):
        with pytest.raises(ValueError, match="damaged"), deaths.loading("bad"):
            raise ValueError("damaged")


def test_what_died_with_the_data_plane_before_is_not_held_against_a_model(tmp_path: Path) -> None:
    deaths = LoadingDeaths(tmp_path)
    for _ in range(MOST_DEATHS):
        die_while_loading(tmp_path)
    deaths.forget()
    with deaths.loading("bad"):
        deaths.forget()  # whoever is loading now lives
        assert len(list(tmp_path.iterdir())) == 1
