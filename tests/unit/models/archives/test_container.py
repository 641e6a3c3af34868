"""An archive is written in one way, and whatever is not exactly that is refused before anything is unpacked."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.models.archives.container import Archive, entry_of, stream
from boathouse.models.archives.keys import HomeKey
from boathouse.models.archives.manifest import manifest_bytes, wrong_with
from boathouse.models.archives.nouns import (
    ArchiveDamaged,
    ArchiveTooLarge,
    ChangedMeanwhile,
    Entry,
    Limits,
    Manifest,
    NewerFormat,
    Signature,
)

FILES = {
    "card.md": b"# A card\n",
    "facts/run.json": b"{}",
    "model/MLmodel": b"flavors: {}\n",
    "model/data/" + "deep/" * 30 + "file-with-a-long-name.txt": b"x" * 1500,
    "model/empty": b"",
    "model/über.txt": b"\x00\xff" * 256,
}
KEY_FILE = Path("signing.key")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> HomeKey:
    return HomeKey(tmp_path_factory.mktemp("home") / KEY_FILE)


Pack = Callable[..., bytes]


@pytest.fixture(scope="module")
def pack(key: HomeKey) -> Pack:
    def packed(files: dict[str, bytes] = FILES, **changes: object) -> bytes:
        entries = tuple(entry_of(path, files[path]) for path in sorted(files))
        manifest = replace(Manifest("prod.flights.delay", 3, entries), **changes)  # type: ignore[arg-type]
        signature = Signature(key.public_key, key.sign(manifest_bytes(manifest)))
        return b"".join(stream(manifest, signature, files))

    return packed


def opened(content: bytes, limits: Limits | None = None) -> Archive:
    return Archive(io.BytesIO(content), limits)


def verified(content: bytes) -> Archive:
    archive = opened(content)
    archive.verify()
    return archive


def test_what_was_packed_is_unpacked(pack: Pack, tmp_path: Path) -> None:
    archive = verified(pack())

    assert archive.unpack(tmp_path, "model/") == 4
    assert archive.read_all(["card.md", "nothing"]) == {"card.md": FILES["card.md"]}
    for path, content in FILES.items():
        if path.startswith("model/"):
            assert (tmp_path / path.removeprefix("model/")).read_bytes() == content


def test_the_same_contents_make_the_same_bytes(pack: Pack) -> None:
    assert pack() == pack()


def test_any_tool_can_list_and_read_it(pack: Pack) -> None:
    with tarfile.open(fileobj=io.BytesIO(pack()), mode="r:") as tar:
        assert tar.getnames() == ["manifest.json", "signature.json", *sorted(FILES)]
        content = tar.extractfile("model/über.txt")
        assert content is not None
        assert content.read() == FILES["model/über.txt"]


def test_every_flipped_byte_is_noticed(pack: Pack) -> None:
    content = pack({"card.md": b"# A card\n", "model/MLmodel": b"flavors"})
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 0x20
        with pytest.raises((ArchiveDamaged, NewerFormat, ArchiveTooLarge)):
            verified(bytes(changed))


@given(st.integers(0, 10_000), st.binary(max_size=40), st.integers(0, 600))
@settings(max_examples=150)
def test_whatever_is_cut_out_and_put_in_is_noticed(pack: Pack, at: int, put_in: bytes, cut: int) -> None:
    content = pack()
    at %= len(content)
    changed = content[:at] + put_in + content[at + cut :]
    if changed != content:
        with pytest.raises((ArchiveDamaged, NewerFormat, ArchiveTooLarge)):
            verified(changed)


def test_bytes_behind_the_end_are_noticed(pack: Pack) -> None:
    with pytest.raises(ArchiveDamaged, match="behind the end"):
        verified(pack() + b"\0" * 512)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../x",
        "model/../../x",
        "a//b",
        "./a",
        "a/.",
        "",
        "a\\b",
        "a\nb",
        "manifest.json",
        "x" * 256,
        "a/",
    ],
)
def test_a_path_that_escapes_is_refused_though_it_is_signed(pack: Pack, path: str) -> None:
    assert wrong_with(path) is not None
    with pytest.raises(ArchiveDamaged):
        opened(pack({path: b""}, entries=(Entry(path, 0, entry_of("", b"").sha256),)))


def test_a_path_twice_or_out_of_order_is_refused(pack: Pack) -> None:
    one, two = entry_of("a", b""), entry_of("b", b"")
    for entries in ((one, one), (two, one)):
        with pytest.raises(ArchiveDamaged, match="twice"):
            opened(pack({"a": b"", "b": b""}, entries=entries))


def test_a_file_that_is_a_folder_too_is_refused(pack: Pack) -> None:
    with pytest.raises(ArchiveDamaged, match="a file and a folder"):
        opened(pack({"a": b"", "a/b": b""}))


def test_links_and_other_members_are_refused(pack: Pack) -> None:
    content = pack({"model/a": b"", "model/b": b""})
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE, tarfile.DIRTYPE):
        member = tarfile.TarInfo("model/b")
        member.type, member.linkname, member.mode = kind, "/etc/passwd", 0o644
        changed = content[: -512 * 3] + member.tobuf(tarfile.PAX_FORMAT) + content[-1024:]
        with pytest.raises(ArchiveDamaged):
            verified(changed)


def test_an_archive_of_a_later_release_says_so(pack: Pack) -> None:
    with pytest.raises(NewerFormat, match="format 2"):
        opened(pack(format_version=2))


def test_what_is_too_large_is_refused_before_it_is_read(pack: Pack) -> None:
    with pytest.raises(ArchiveTooLarge, match="bytes"):
        opened(pack(), Limits(total_bytes=100))
    with pytest.raises(ArchiveTooLarge, match="files"):
        opened(pack(), Limits(files=3))
    with pytest.raises(ArchiveTooLarge, match=r"manifest\.json"):
        opened(pack(), Limits(manifest_bytes=300))


def test_a_bomb_is_refused_by_the_size_that_it_needs(key: HomeKey) -> None:
    manifest = Manifest("prod.flights.delay", 3, (Entry("model/a", 2**50, "0" * 64),))
    signature = Signature(key.public_key, key.sign(manifest_bytes(manifest)))
    head = b"".join(islice(stream(manifest, signature, {}), 2))

    with pytest.raises(ArchiveTooLarge, match="at most"):
        opened(head)


def test_a_signature_of_somebody_else_does_not_fit(pack: Pack, tmp_path: Path) -> None:
    other = HomeKey(tmp_path / KEY_FILE)
    manifest = Manifest("prod.flights.delay", 3, ())
    own = Signature(other.public_key, other.sign(b"something else"))
    with pytest.raises(ArchiveDamaged, match="signature"):
        opened(b"".join(stream(manifest, own, {})))


def test_a_file_that_changes_while_it_is_packed_ends_the_export(key: HomeKey, tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    manifest = Manifest("prod.flights.delay", 3, (entry_of("model/weights", file),))
    file.write_bytes(b"two")
    with pytest.raises(ChangedMeanwhile):
        list(stream(manifest, Signature(key.public_key, key.sign(manifest_bytes(manifest))), {"model/weights": file}))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + b"x" * 3000, b"\0" * 4096, b"x" * 511])
def test_other_files_are_no_archives(content: bytes) -> None:
    with pytest.raises(ArchiveDamaged, match="no archive"):
        opened(content)


@given(st.binary(max_size=2000))
def test_nothing_that_comes_in_fails_in_another_way(content: bytes) -> None:
    with pytest.raises((ArchiveDamaged, ArchiveTooLarge)):
        opened(content)


def test_the_private_key_is_for_its_owner_only_and_made_once(tmp_path: Path) -> None:
    file = tmp_path / "home" / "signing.key"
    one, two = HomeKey(file), HomeKey(file)

    assert one.public_key == two.public_key
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["signing.key"]
