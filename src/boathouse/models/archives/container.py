"""The file that an archive is: a plain tar, which every tool can list, written in exactly one way.

A reader that knows the manifest knows every byte that has to follow: it compares headers with those it would write
itself, contents with their hashes, and gaps with zeros. So there is nothing to be clever with: no links, no other kinds
of members, no second member of a name, no length that two tools read differently, nothing behind the end.
"""

import tarfile
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from boathouse.models.archives.keys import fingerprint_of, is_signed
from boathouse.models.archives.manifest import (
    manifest_bytes,
    read_manifest,
    read_signature,
    signature_bytes,
)
from boathouse.models.archives.nouns import (
    MANIFEST,
    SIGNATURE,
    ArchiveDamaged,
    ArchiveTooLarge,
    ChangedMeanwhile,
    Entry,
    Limits,
    Manifest,
    Signature,
)

BLOCK = 512
CHUNK_BYTES = 1 << 20
_END = bytes(2 * BLOCK)
_SIZE_FIELD = slice(124, 136)
_LARGEST_SIGNATURE = 4096

Source = bytes | Path


def entry_of(path: str, source: Source) -> Entry:
    """What a file comes to."""
    digest, size = sha256(), 0
    for chunk in _chunks(source):
        digest.update(chunk)
        size += len(chunk)
    return Entry(path, size, digest.hexdigest())


def stream(manifest: Manifest, signature: Signature, sources: Mapping[str, Source]) -> Iterator[bytes]:
    """The archive's bytes, in order, without ever holding more than a chunk of them.

    Raises:
        ChangedMeanwhile: A file is no longer what the manifest says; whoever reads has half an archive then.
    """
    for name, content in ((MANIFEST, manifest_bytes(manifest)), (SIGNATURE, signature_bytes(signature))):
        yield _header(name, len(content)) + content + _padding(len(content))
    for entry in manifest.entries:
        yield _header(entry.path, entry.size)
        digest, size = sha256(), 0
        for chunk in _chunks(sources[entry.path]):
            digest.update(chunk)
            size += len(chunk)
            yield chunk
        if (size, digest.hexdigest()) != (entry.size, entry.sha256):
            raise ChangedMeanwhile(f"{entry.path} changed while it was packed.", hint="Export it again.")
        yield _padding(size)
    yield _END


class Archive:
    """An archive in a file that can be read again and again; opened only when manifest and signature fit."""

    def __init__(self, file: BinaryIO, limits: Limits | None = None) -> None:
        """
        Raises:
            ArchiveDamaged: It is none, or not the one that was signed.
            NewerFormat: A later release has written it.
            ArchiveTooLarge: It holds more than the limits allow.
        """
        self._file = file
        self._limits = limits or Limits()
        file.seek(0)
        told = self._member(MANIFEST, self._limits.manifest_bytes)
        self.manifest = read_manifest(told)
        self.sha256 = sha256(told).hexdigest()
        """Of the manifest: it stands for the whole contents."""
        self.signature = read_signature(self._member(SIGNATURE, _LARGEST_SIGNATURE))
        if not is_signed(self.signature.public_key, self.signature.signature, told):
            raise ArchiveDamaged(
                "The signature does not fit the archive: it was changed after it was signed.",
                hint="Fetch it again from where it was exported.",
            )
        self._begin = file.tell()
        self._require_within_limits()

    @property
    def fingerprint(self) -> str:
        """Of the key that has signed it."""
        return fingerprint_of(self.signature.public_key)

    def verify(self) -> None:
        """Read every byte and compare it with what was signed.

        Raises:
            ArchiveDamaged: One of them is another.
        """
        for _, chunks in self._walk():
            _passed(chunks)

    def unpack(self, folder: Path, prefix: str) -> int:
        """Write the files below ``prefix`` into an empty folder, without the prefix; how many there were.

        They are compared once more on the way.
        """
        count = 0
        for entry, chunks in self._walk():
            if not entry.path.startswith(prefix):
                _passed(chunks)
                continue
            target = folder / entry.path.removeprefix(prefix)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as written:
                for chunk in chunks:
                    written.write(chunk)
            count += 1
        return count

    def read_all(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Several files, whole, in one pass; those that the archive does not have are left out.

        Raises:
            ArchiveTooLarge: One is larger than what is read into memory.
        """
        wanted, found = set(paths), dict[str, bytes]()
        for entry, chunks in self._walk():
            if entry.path in wanted and entry.size > self._limits.facts_bytes:
                raise ArchiveTooLarge(f"{entry.path} of the archive has {entry.size:,} bytes.")
            content = b"".join(chunks) if entry.path in wanted else _passed(chunks)
            if content is not None:
                found[entry.path] = content
            if len(found) == len(wanted):
                break
        return found

    def _walk(self) -> Iterator[tuple[Entry, Iterator[bytes]]]:
        """Each entry with its chunks, which have to be read before the next one is asked for."""
        self._file.seek(self._begin)
        for entry in self.manifest.entries:
            self._expect(_header(entry.path, entry.size), entry.path)
            yield entry, self._contents(entry)
            self._expect(_padding(entry.size), entry.path)
        self._expect(_END, "its end")
        if self._file.read(1):
            raise ArchiveDamaged("There is something behind the end of the archive.")

    def _contents(self, entry: Entry) -> Iterator[bytes]:
        digest, left = sha256(), entry.size
        while left:
            chunk = self._file.read(min(left, CHUNK_BYTES))
            if not chunk:
                raise ArchiveDamaged(f"The archive ends within {entry.path}.", hint="Fetch it again.")
            digest.update(chunk)
            left -= len(chunk)
            yield chunk
        if digest.hexdigest() != entry.sha256:
            raise ArchiveDamaged(f"{entry.path} is not what was signed.", hint="Fetch the archive again.")

    def _expect(self, wanted: bytes, where: str) -> None:
        if self._file.read(len(wanted)) != wanted:
            raise ArchiveDamaged(
                f"The archive is not what was signed: at {where}, there is something missing or something else.",
                hint="Fetch it again from where it was exported.",
            )

    def _member(self, name: str, largest: int) -> bytes:
        """One of the two members whose size only their headers say."""
        head = self._file.read(BLOCK)
        try:
            size = int(head[_SIZE_FIELD].rstrip(b"\0 ") or b"-1", 8)
        except ValueError:
            size = -1
        if size < 0 or size > 8 * largest or head != _header(name, size):
            raise ArchiveDamaged("This is no archive of a model.", hint="boathouse model export writes them.")
        if size > largest:
            raise ArchiveTooLarge(f"{name} of the archive has {size:,} bytes; at most {largest:,} are read.")
        content = self._file.read(size)
        if len(content) != size or self._file.read(len(_padding(size))) != _padding(size):
            raise ArchiveDamaged(f"The archive ends within {name}.", hint="Fetch it again.")
        return content

    def _require_within_limits(self) -> None:
        limits, manifest = self._limits, self.manifest
        if len(manifest.entries) > limits.files:
            raise ArchiveTooLarge(
                f"The archive has {len(manifest.entries):,} files; at most {limits.files:,} are taken."
            )
        if manifest.total_bytes > limits.total_bytes:
            raise ArchiveTooLarge(
                f"The archive holds {manifest.total_bytes:,} bytes; at most {limits.total_bytes:,} are taken."
            )


def _header(path: str, size: int) -> bytes:
    member = tarfile.TarInfo(path)
    member.size = size
    member.mode = 0o644
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def _chunks(source: Source) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _passed(chunks: Iterator[bytes]) -> None:
    for _ in chunks:
        pass
