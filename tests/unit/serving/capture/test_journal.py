import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from boathouse.foundation.errors import Unavailable
from boathouse.serving.capture.journal import FileJournal, JournalSettings
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.capture.reading import Segment, Written, is_alive, journals, look, segments
from boathouse.serving.capture.sampling import is_kept
from boathouse.serving.capture.state import read_state
from boathouse.serving.endpoints.nouns import CaptureTarget
from boathouse.serving.endpoints.policy import CaptureRules, OnFull

from .exchanges import ENTITY, endpoint, exchange

BIG = b'{"inputs": [[' + b"1," * 50_000 + b"1]]}"


def everything(root: Path, *, is_ended: bool = True) -> list[Written]:
    found: list[Written] = []
    for journal in journals(root):
        for segment in segments(journal):
            found += look(segment, 0, is_ended=is_ended, most_bytes=1 << 20).exchanges
    return found


def read_back(root: Path) -> list[Exchange]:
    return [each.exchange for each in everything(root)]


def test_what_was_written_is_read_in_its_order_over_segments(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, "worker", JournalSettings(segment_bytes=1_000))
    journal.follow([endpoint()])
    given = [exchange(number) for number in range(50)]
    for each in given:
        journal.write(each)
    assert len(segments(journal.folder)) > 5
    assert read_back(tmp_path) == given
    places = [each.place for each in everything(tmp_path)]
    assert places == sorted(set(places))
    journal.close()


def test_each_segment_says_what_its_endpoints_are(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, "worker", JournalSettings(segment_bytes=1_000))
    journal.follow([endpoint()])
    for number in range(10):
        journal.write(exchange(number))
    later = replace(ENTITY, entity_id="e2", version=4)
    journal.follow([endpoint(entities=(later,))])
    journal.write(exchange(11, entity_id="e1"))  # was on its way when the other one came
    for segment in segments(journal.folder):
        known = look(segment, 0, is_ended=True, most_bytes=1 << 20).contexts["ep1"]
        assert known.name == "delays" and known.target == CaptureTarget("main", "flights", "delays")
        assert known.entities["e1"].version == 3
    journal.close()


def test_a_look_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, "worker")
    journal.follow([endpoint()])
    at, seen = 0, []
    for number in range(30):
        journal.write(exchange(number))
        if number % 7 == 0:
            found = look(segments(journal.folder)[0], at, is_ended=False, most_bytes=500)
            seen += [each.exchange.request_id for each in found.exchanges]
            assert not found.is_whole and "ep1" in found.contexts
            at = found.end
    while len(seen) < 30:
        found = look(segments(journal.folder)[0], at, is_ended=False, most_bytes=500)
        seen += [each.exchange.request_id for each in found.exchanges]
        at = found.end
    assert seen == [f"request-{number}" for number in range(30)]
    journal.close()


def test_an_exchange_larger_than_a_look_is_read(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, "worker")
    journal.write(exchange(1, request=BIG))
    journal.write(exchange(2))
    assert [each.request_id for each in read_back(tmp_path)] == ["request-1", "request-2"]
    found = look(segments(journal.folder)[0], 0, is_ended=True, most_bytes=100)
    assert found.exchanges[0].exchange == exchange(1, request=BIG)
    journal.close()


@pytest.mark.parametrize("cut", [1, 5, 12, 13, 40, 200])
def test_a_torn_end_is_waited_for_while_the_worker_lives_and_cut_when_it_is_dead(tmp_path: Path, cut: int) -> None:
    journal = FileJournal(tmp_path, "worker")
    journal.write(exchange(1))
    journal.write(exchange(2))
    (segment,) = segments(journal.folder)
    whole = segment.path.read_bytes()
    segment.path.write_bytes(whole[:-cut])
    living = look(segment, 0, is_ended=False, most_bytes=1 << 20)
    assert len(living.exchanges) == 1 and not living.is_whole and living.damaged_bytes == 0
    dead = look(segment, 0, is_ended=True, most_bytes=1 << 20)
    assert len(dead.exchanges) == 1 and dead.is_whole
    assert dead.damaged_bytes == len(whole) // 2 - cut
    segment.path.write_bytes(whole)
    assert len(look(segment, living.end, is_ended=False, most_bytes=1 << 20).exchanges) == 1
    journal.close()


def test_behind_a_damaged_place_reading_goes_on(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, "worker")
    for number in range(5):
        journal.write(exchange(number))
    (segment,) = segments(journal.folder)
    content = bytearray(segment.path.read_bytes())
    size = len(content) // 5
    content[size + 2] ^= 255  # the mark of the second
    content[3 * size + 30] ^= 255  # something in the fourth
    segment.path.write_bytes(bytes(content))
    found = look(segment, 0, is_ended=True, most_bytes=1 << 20)
    assert [each.exchange.request_id for each in found.exchanges] == ["request-0", "request-2", "request-4"]
    assert found.damaged_bytes == 2 * size
    journal.close()


def test_a_frame_that_a_caller_has_sent_is_not_taken_for_one(tmp_path: Path) -> None:
    from boathouse.serving.capture.frames import exchange_frame

    journal = FileJournal(tmp_path, "worker")
    journal.write(exchange(1, request=exchange_frame(exchange(666), 1.0), response=b"x" * 100))
    (segment,) = segments(journal.folder)
    segment.path.write_bytes(segment.path.read_bytes()[:-50])
    assert look(segment, 0, is_ended=True, most_bytes=1 << 20).exchanges == ()
    journal.close()


def test_what_a_killed_worker_has_written_is_there(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from boathouse.serving.capture.journal import FileJournal
        sys.path.insert(0, sys.argv[2])
        from exchanges import endpoint, exchange
        journal = FileJournal(Path(sys.argv[1]), "worker")
        journal.follow([endpoint()])
        for number in range(100):
            journal.write(exchange(number))
            print(number, flush=True)
        sys.stdin.read()
    """)
    command = [sys.executable, "-c", program, str(tmp_path), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        for line in worker.stdout:
            if line.strip() == "99":
                break
        (folder,) = journals(tmp_path)
        assert is_alive(folder)
        os.kill(worker.pid, signal.SIGKILL)
    assert not is_alive(folder)
    assert len(read_back(tmp_path)) == 100
    assert read_state(folder).written == 100


def test_what_a_shadow_has_said_is_kept_where_its_callers_answer_is(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, "worker")
    journal.follow([endpoint(CaptureRules(sample=0.25))])
    for number in range(400):
        for suffix in ("", "-shadow", "-shadow2"):
            journal.write(exchange(number, request_id=f"request-{number}{suffix}"))
    journal.close()
    kept = {each.request_id for each in read_back(tmp_path)}
    asked = {each for each in kept if "-shadow" not in each}
    assert 50 < len(asked) < 150
    assert kept == {f"{each}{suffix}" for each in asked for suffix in ("", "-shadow", "-shadow2")}


def test_a_share_is_kept_the_same_way_each_time_and_says_so(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, "worker")
    journal.follow([endpoint(CaptureRules(sample=0.25))])
    for number in range(2_000):
        journal.write(exchange(number))
    found = read_back(tmp_path)
    assert 400 < len(found) < 600
    assert {each.sampling_fraction for each in found} == {0.25}
    assert {each.request_id for each in found} == {
        f"request-{n}" for n in range(2_000) if is_kept(f"request-{n}", 0.25)
    }
    assert read_state(journal.folder).sampled_out == 2_000 - len(found)
    journal.close()


def test_a_tag_lowers_the_share_that_is_kept_and_never_raises_it(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, "worker")
    journal.follow([
        endpoint(CaptureRules(sample=0.5), tagged_share=0.1),
        endpoint(CaptureRules(sample=0.25), endpoint_id="ep2", tagged_share=0.8),
        endpoint(endpoint_id="ep3", tagged_share=0.0),
    ])  # fmt: skip
    for number in range(2_000):
        journal.write(exchange(number))
        journal.write(exchange(number, endpoint_id="ep2"))
        journal.write(exchange(number, endpoint_id="ep3"))
    fractions = {(each.endpoint_id, each.sampling_fraction) for each in read_back(tmp_path)}
    assert fractions == {("ep1", 0.1), ("ep2", 0.25)}
    journal.close()


def test_an_endpoint_without_capture_writes_nothing(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, "worker")
    journal.follow([endpoint(capture=None), endpoint(endpoint_id="ep2", capture=CaptureTarget("a", "b", "c", False))])
    journal.write(exchange(1))
    journal.write(exchange(2, endpoint_id="ep2"))
    assert read_back(tmp_path) == []
    journal.close()


def full(tmp_path: Path, on_full: OnFull) -> FileJournal:
    journal = FileJournal(tmp_path, "worker")
    journal.follow([endpoint(CaptureRules(journal_mb=1, on_full=on_full))])
    while journal.waiting_bytes < 1 << 20:
        journal.write(exchange(0, request=BIG))
    assert not journal.is_degraded
    return journal


def test_a_full_journal_keeps_one_answer_in_ten(tmp_path: Path) -> None:
    journal = full(tmp_path, OnFull.SAMPLE)
    for number in range(1_000):
        journal.write(exchange(number))
    found = [each for each in read_back(tmp_path) if each.request != BIG]
    assert 60 < len(found) < 140
    assert {round(each.sampling_fraction, 6) for each in found} == {0.1}
    state = read_state(journal.folder)
    assert state.is_degraded and state.degradations == 1 and state.degraded_out == 1_000 - len(found)
    for number in range(3_000):
        journal.write(exchange(number, request=BIG))
    assert journal.waiting_bytes < 2.2 * (1 << 20)
    journal.close()


def test_a_full_journal_drops_or_refuses_where_the_rule_says_so(tmp_path: Path) -> None:
    dropping = full(tmp_path / "one", OnFull.DROP)
    before = dropping.waiting_bytes
    dropping.write(exchange(1))
    assert dropping.waiting_bytes == before and dropping.is_degraded
    refusing = full(tmp_path / "two", OnFull.REFUSE)
    with pytest.raises(Unavailable, match="cannot be accounted for"):
        refusing.write(exchange(1))
    assert read_state(refusing.folder).refused == 1
    dropping.close()
    refusing.close()


def test_a_journal_that_was_emptied_takes_everything_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boathouse.serving.capture.journal._LOOK_AGAIN_SECONDS", 0.0)
    journal = full(tmp_path, OnFull.DROP)
    journal.write(exchange(1))
    assert journal.is_degraded
    moved: list[Segment] = segments(journal.folder)
    for segment in moved:
        segment.path.unlink()
    journal.write(exchange(2))
    journal.write(exchange(3))
    assert not journal.is_degraded
    assert [each.request_id for each in read_back(tmp_path)] == ["request-2", "request-3"]
    journal.close()


def test_a_disk_that_takes_no_more_degrades_the_journal_and_leaves_it_readable(tmp_path: Path) -> None:
    """The limit of a file's size stands for a full disk: a write is cut short, the next one fails."""
    program = textwrap.dedent("""
        import resource, signal, sys
        from pathlib import Path
        from boathouse.serving.capture.journal import FileJournal
        sys.path.insert(0, sys.argv[2])
        from exchanges import endpoint, exchange
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        journal = FileJournal(Path(sys.argv[1]), "worker")
        journal.follow([endpoint()])
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
        for number in range(100):
            journal.write(exchange(number))
        assert journal.is_degraded
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        for number in range(100, 110):
            journal.write(exchange(number))
        assert not journal.is_degraded
    """)
    command = [sys.executable, "-c", program, str(tmp_path), str(Path(__file__).parent)]
    subprocess.run(command, check=True, capture_output=True)
    names = [each.request_id for each in read_back(tmp_path)]
    assert names[:2] == ["request-0", "request-1"] and names[-10:] == [f"request-{n}" for n in range(100, 110)]
    (folder,) = journals(tmp_path)
    state = read_state(folder)
    assert state.disk_errors == state.degraded_out == 110 - len(names)
    assert state.degradations == 1
