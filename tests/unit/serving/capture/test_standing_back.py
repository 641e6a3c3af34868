"""The recorder stands back while journals have room, and no longer."""

from pathlib import Path

import pytest

from boathouse.foundation.home import Home
from boathouse.serving.capture.journal import FileJournal
from boathouse.serving.capture.reading import segments
from boathouse.serving.capture.standing_back import StandingBack
from boathouse.serving.endpoints.policy import CaptureRules
from boathouse.serving.snapshot.files import write
from boathouse.serving.snapshot.nouns import Snapshot

from .exchanges import endpoint, exchange

POLITE = 10


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home")
    write(found, Snapshot(1, 0, (endpoint(CaptureRules(journal_mb=1)),), {}))
    return found


def test_it_stands_back_until_a_journal_is_half_full_and_again_when_it_has_room(home: Home, tmp_path: Path) -> None:
    autogroup = tmp_path / "autogroup"
    standing = StandingBack(home, POLITE, autogroup=autogroup)
    journal = FileJournal(home.journals, "worker")
    journal.follow([endpoint(CaptureRules(journal_mb=1))])
    journal.write(exchange())
    assert (standing.look(), autogroup.read_text()) == (POLITE, str(POLITE))

    number = 1
    while journal.waiting_bytes < 600_000:
        journal.write(exchange(number := number + 1, request=b"x" * 10_000))
    assert (standing.look(), autogroup.read_text()) == (0, "0")

    for segment in segments(journal.folder)[:-1]:
        segment.path.unlink()
    assert (standing.look(), autogroup.read_text()) == (POLITE, str(POLITE))
    journal.close()


def test_a_bound_that_changes_is_followed(home: Home, tmp_path: Path) -> None:
    standing = StandingBack(home, POLITE, autogroup=tmp_path / "autogroup")
    journal = FileJournal(home.journals, "worker")
    for number in range(60):
        journal.write(exchange(number, request=b"x" * 10_000))
    assert standing.look() == 0

    write(home, Snapshot(2, 0, (endpoint(CaptureRules(journal_mb=100)),), {}))

    assert standing.look() == POLITE
    journal.close()


def test_where_there_are_no_sessions_to_weigh_nothing_is_done(home: Home, tmp_path: Path) -> None:
    assert StandingBack(home, POLITE, autogroup=tmp_path / "nowhere" / "autogroup").look() == POLITE
    assert StandingBack(Home(tmp_path / "empty"), POLITE, autogroup=tmp_path / "autogroup").look() == POLITE
