"""Passes: who may begin one, one at a time, and what is told of them."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest

from boathouse.care.garbage.nouns import Garbage, Kind, Pass, Request
from boathouse.care.garbage.repository import PassRepository
from boathouse.care.garbage.service import GarbageCollection
from boathouse.cli.gc import KINDS, Length, spoken_bytes
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.principals import Principal

if TYPE_CHECKING:
    from conftest import GarbageHome

ONLY_FILES = frozenset({Kind.LEFTOVERS, Kind.DROPPED, Kind.BUNDLES})


def test_a_pass_tells_its_list_and_its_sums(here: "GarbageHome") -> None:
    here.files(here.home.root / "trash" / "a", 2)

    begun = here.garbage.begin(here.ada, Request(is_dry_run=True, kinds=ONLY_FILES))
    here.garbage.wait()
    found, items = here.garbage.look(here.ada, begun.id)

    assert found.ended_at is not None and found.error is None
    assert [(each.what, each.is_removed) for each in items] == [("trash/a", None)]
    assert found.totals[Kind.LEFTOVERS].bytes == 200
    assert [each.id for each in here.garbage.latest(here.ada)] == [begun.id]
    assert PassRepository(here.database).find(begun.id) == found


def test_only_administrators_collect_garbage(here: "GarbageHome") -> None:
    with pytest.raises(Denied):
        here.garbage.begin(Principal("bob"), Request())
    with pytest.raises(Denied):
        here.garbage.latest(Principal("bob"))


def test_what_may_be_in_the_making_is_not_touched(here: "GarbageHome") -> None:
    with pytest.raises(InvalidInput, match="in the making"):
        here.garbage.begin(here.ada, Request(older_than=timedelta(minutes=59)))


def test_an_unknown_pass_is_not_found(here: "GarbageHome") -> None:
    with pytest.raises(NotFound):
        here.garbage.look(here.ada, "nothing")


class Slow:
    """A collector that waits to be let on."""

    kind = Kind.LEFTOVERS

    def __init__(self) -> None:
        self.go_on = Event()

    def find(self, before: int) -> Iterator[Garbage]:
        self.go_on.wait(60)
        yield from ()

    def remove(self, item: Garbage, before: int) -> bool:
        return True


class Broken(Slow):
    """A collector that finds one thing and fails."""

    def find(self, before: int) -> Iterator[Garbage]:
        yield Garbage(self.kind, "one", "for a test", 1)
        raise RuntimeError("the disk is on fire")


def test_one_pass_at_a_time(here: "GarbageHome") -> None:
    slow = Slow()
    garbage = GarbageCollection([slow], PassRepository(here.database), here.catalog, here.clock)
    begun = garbage.begin(here.ada, Request())

    with pytest.raises(Conflict):
        garbage.begin(here.ada, Request())
    assert garbage.look(here.ada, begun.id)[0].ended_at is None

    slow.go_on.set()
    garbage.wait()
    assert garbage.look(here.ada, begun.id)[0].ended_at is not None


def test_a_pass_that_fails_keeps_what_it_had_found_and_says_so(here: "GarbageHome") -> None:
    garbage = GarbageCollection([Broken()], PassRepository(here.database), here.catalog, here.clock)

    begun = garbage.begin(here.ada, Request())
    garbage.wait()

    found, items = garbage.look(here.ada, begun.id)
    assert "the disk is on fire" in (found.error or "")
    assert [each.what for each in items] == ["one"]


def test_a_pass_of_a_server_that_was_killed_is_told_as_abandoned(here: "GarbageHome") -> None:
    PassRepository(here.database).add(Pass("p", "ada", Request(), 1))

    found, items = here.garbage.look(here.ada, "p")

    assert items == [] and "stopped before" in (found.error or "")


def test_something_that_cannot_be_removed_does_not_stop_the_others(here: "GarbageHome") -> None:
    stuck = here.files(here.home.bundles / "b" / "dev" / "shared" / ("a" * 64), 1)
    here.files(here.home.bundles / "b" / "prod" / "shared" / ("b" * 64), 1)
    here.wait_a_week()
    stuck.parent.chmod(0o500)
    try:
        gone = here.told(Kind.BUNDLES, dry_run=False)
    finally:
        stuck.parent.chmod(0o700)

    removed = {each.what[-1]: each.is_removed for each in gone}
    assert removed["b"] is True  # (root can remove the other one as well)
    assert set(removed) == {"a", "b"}


def test_the_command_knows_every_kind() -> None:
    assert set(KINDS) == {kind.value for kind in Kind}


@pytest.mark.parametrize(
    ("text", "length"), [("7d", timedelta(days=7)), ("1d12h", timedelta(hours=36)), ("90 m", timedelta(minutes=90))]
)
def test_lengths_of_time_are_read(text: str, length: timedelta) -> None:
    assert Length().convert(text, None, None) == length


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2 * 10**9, "2.0 GB")])
def test_bytes_are_spoken(size: int, text: str) -> None:
    assert spoken_bytes(size) == text


COLLECT = """
import sys
from pathlib import Path
from boathouse.care.garbage.folders import throw_away
from boathouse.foundation.home import Home
home = Home(Path(sys.argv[1]))
print("ready", flush=True)
for folder in sorted((home.root / "many").iterdir()):
    throw_away(home, folder)
"""


def test_a_killed_removal_leaves_folders_whole_or_in_the_trash(here: "GarbageHome", tmp_path: Path) -> None:
    many = here.home.root / "many"
    for number in range(300):
        here.files(many / f"{number:03d}", 20)
    script = tmp_path / "collect.py"
    script.write_text(COLLECT)
    process = subprocess.Popen([sys.executable, str(script), str(here.home.root)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    trash = here.home.root / "trash"
    while process.poll() is None and len(list(many.iterdir())) > 250:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    assert all(len(list(folder.iterdir())) == 20 for folder in many.iterdir())

    here.told(Kind.LEFTOVERS, dry_run=False)
    assert not list(trash.iterdir())
