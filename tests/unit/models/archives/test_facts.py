"""Facts come from whoever has signed the archive: trusted, and still not taken for what they are not."""

import io
from pathlib import Path

import pytest

from boathouse.models.archives.container import Archive, entry_of, stream
from boathouse.models.archives.facts import facts_of
from boathouse.models.archives.keys import HomeKey
from boathouse.models.archives.manifest import manifest_bytes
from boathouse.models.archives.nouns import ArchiveDamaged, Manifest, Signature


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> HomeKey:
    return HomeKey(tmp_path_factory.mktemp("home") / Path("signing.key"))


def archive_with(key: HomeKey, run: bytes) -> Archive:
    files = {"facts/run.json": run, "facts/unknown.json": b"{}"}
    manifest = Manifest("prod.flights.delay", 3, tuple(entry_of(path, files[path]) for path in sorted(files)))
    signature = Signature(key.public_key, key.sign(manifest_bytes(manifest)))
    return Archive(io.BytesIO(b"".join(stream(manifest, signature, files))))


def test_facts_are_found_by_their_names(key: HomeKey) -> None:
    largest = 2**63 - 1
    assert facts_of(archive_with(key, b'{"name": "august", "ended_at": %d}' % largest)) == {
        "run": {"name": "august", "ended_at": largest}
    }


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"{",
        b"[1]",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"ended_at": 9223372036854775808}',
        b'{"ended_at": -9223372036854775809}',
        b'{"ended_at": 1%s}' % (b"0" * 5000),
        b'{"name": "\\ud800"}',
        b'{"tags": {"\\udfff": "x"}}',
    ],
)
def test_what_nobody_could_keep_is_refused_by_its_file(key: HomeKey, content: bytes) -> None:
    with pytest.raises(ArchiveDamaged, match=r"facts/run\.json of the archive"):
        facts_of(archive_with(key, content))
