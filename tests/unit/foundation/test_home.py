"""Finding the home folder, and who may enter it."""

from pathlib import Path

import pytest

from boathouse.foundation.errors import NotFound, Unauthenticated, Unavailable
from boathouse.foundation.home import Home, locate_home, require_home
from boathouse.foundation.rest import Connection


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("BOATHOUSE_HOME", "BOATHOUSE_URL", "BOATHOUSE_TOKEN"):
        monkeypatch.delenv(variable, raising=False)


def test_the_nearest_home_upward_is_found(tmp_path: Path) -> None:
    (tmp_path / ".boathouse").mkdir()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    found = locate_home(deep)
    assert found is not None
    assert found.root == tmp_path / ".boathouse"


def test_the_variable_wins_over_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".boathouse").mkdir()
    monkeypatch.setenv("BOATHOUSE_HOME", str(tmp_path / "elsewhere"))
    found = locate_home(tmp_path)
    assert found is not None
    assert found.root == tmp_path / "elsewhere"


def test_without_a_home_the_error_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFound, match="boathouse up"):
        require_home()


def test_only_the_owner_may_enter_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    assert home.root.stat().st_mode & 0o777 == 0o700


def test_a_connection_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    home.create()
    monkeypatch.setenv("BOATHOUSE_HOME", str(home.root))
    with pytest.raises(Unavailable, match="is not running"):
        Connection.from_surroundings()
    home.run_file.write_text('{"url": "http://127.0.0.1:1"}')
    with pytest.raises(Unauthenticated, match="no token"):
        Connection.from_surroundings()
    home.token_file.write_text("secret\n")
    assert Connection.from_surroundings() == Connection("http://127.0.0.1:1", "secret")
