"""A backup is whole or not there, and says so when somebody has touched it."""

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable

from boathouse.care import BackupDamaged, BackupOptions, Manifest, back_up, verify
from boathouse.foundation.errors import AlreadyExists, InvalidInput, Unavailable
from boathouse.foundation.names import TableName, VolumeName
from boathouse.foundation.principals import SYSTEM

from .conftest import CareHome, make_delta


@pytest.fixture
def home(care_home: CareHome) -> CareHome:
    """With a table of two versions, a volume with a file, an artifact, and an (empty) database of MLflow."""
    (care_home.home.databases / "mlflow.db").touch()
    table(care_home, "t")
    volume = care_home.catalog.securables.create_volume(care_home.ada, VolumeName.parse("main.s.v"))
    Path(volume.storage_location.removeprefix("file://"), "note.txt").write_text("note")
    (care_home.home.artifacts / "model.bin").write_bytes(b"m" * 1000)
    (care_home.home.secrets_key_file).write_text("key")
    return care_home


def table(home: CareHome, name: str) -> Path:
    from boathouse.care.delta_import import DeltaImport, import_delta

    source = make_delta(home.home.root.parent / "sources" / name)
    make_delta(source, rows=2, mode="append")
    list(import_delta(home.ada, home.catalog, DeltaImport(source, home.schema, copies=True)))
    found = home.catalog.securables.table(home.ada, TableName.parse(f"main.s.{name}"))
    return Path(found.storage_location.removeprefix("file://"))


def take(home: CareHome, place: Path, **options: object) -> Manifest:
    return back_up(SYSTEM, home.catalog, home.home, place, BackupOptions(**options))  # pyright: ignore[reportArgumentType]


def test_it_holds_what_belongs_to_a_home_and_is_in_the_audit_log(home: CareHome, tmp_path: Path) -> None:
    manifest = take(home, tmp_path / "b")

    verified = verify(tmp_path / "b")
    kinds = {file.path.split("/")[0] for file in verified.files}
    assert kinds == {"artifacts", "db", "lake"}
    assert [(each.full_name, each.version) for each in manifest.tables] == [("main.s.t", 1)]
    assert verified.table_files == 2
    event = home.catalog.audit_trail(home.ada, limit=1)[0]
    assert (event.service, event.action, event.status_code) == ("care", "backup", 200)


def test_answers_that_no_inference_table_has_yet_are_in_it(home: CareHome, tmp_path: Path) -> None:
    for folder in (home.home.journals, home.home.journals_aside):
        (folder / "worker-0").mkdir(parents=True)
        (folder / "worker-0" / "1.log").write_bytes(b"answers")

    take(home, tmp_path / "b")

    paths = {file.path for file in verify(tmp_path / "b").files}
    assert {"serving/journal/worker-0/1.log", "serving/aside/worker-0/1.log"} <= paths


def test_the_key_of_the_secrets_comes_only_when_asked_for(home: CareHome, tmp_path: Path) -> None:
    assert not take(home, tmp_path / "a").has_keys
    assert take(home, tmp_path / "b", with_keys=True).has_keys
    assert [(tmp_path / name / "home" / "secrets.key").exists() for name in "ab"] == [False, True]


def test_a_table_that_is_rewritten_and_vacuumed_meanwhile_is_whole(
    home: CareHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from boathouse.care import backup as module

    folder, copy = table(home, "busy"), module._copy  # pyright: ignore[reportPrivateUsage]

    def clean_up_before_the_first_copy(*arguments: object) -> object:
        if len(DeltaTable(str(folder)).history()) < 3:
            make_delta(folder, rows=7, mode="overwrite")
            assert DeltaTable(str(folder)).vacuum(0, dry_run=False, enforce_retention_duration=False)
        return copy(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(module, "_copy", clean_up_before_the_first_copy)
    take(home, tmp_path / "b")

    assert verify(tmp_path / "b").table_files == 4
    assert DeltaTable(str(folder)).version() > 1


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-1] + b"x"), "another content"),
        (lambda file: file.write_bytes(b""), "0 bytes instead of"),
        (lambda file: file.unlink(), "is missing"),
    ],
)
def test_a_file_that_was_touched_is_named(
    home: CareHome, tmp_path: Path, spoil: Callable[[Path], object], told: str
) -> None:
    take(home, tmp_path / "b")
    spoil(tmp_path / "b" / "home" / "artifacts" / "model.bin")
    with pytest.raises(BackupDamaged, match=rf"artifacts/model.bin.* {told}"):
        verify(tmp_path / "b")


def test_a_list_of_files_that_was_touched_is_refused(home: CareHome, tmp_path: Path) -> None:
    take(home, tmp_path / "b")
    lines = (tmp_path / "b" / "files.jsonl").read_text().splitlines()
    (tmp_path / "b" / "files.jsonl").write_text("\n".join(lines[1:]))
    with pytest.raises(BackupDamaged, match="not the one it was written with"):
        verify(tmp_path / "b")


def test_a_newer_format_is_refused(home: CareHome, tmp_path: Path) -> None:
    take(home, tmp_path / "b")
    manifest = tmp_path / "b" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 99}))
    with pytest.raises(BackupDamaged, match="format 99"):
        verify(tmp_path / "b")


def test_a_second_backup_links_to_the_data_of_the_first(home: CareHome, tmp_path: Path) -> None:
    take(home, tmp_path / "a")
    take(home, tmp_path / "b", base=tmp_path / "a")

    files = [file.path for file in verify(tmp_path / "b").files if file.path.endswith(".parquet")]
    assert len(files) == 2
    for path in files:
        assert (tmp_path / "a" / "home" / path).samefile(tmp_path / "b" / "home" / path)


def test_places_that_are_taken_or_in_the_home_are_refused(home: CareHome, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(AlreadyExists):
        take(home, tmp_path / "taken")
    with pytest.raises(InvalidInput, match="lies in the home"):
        take(home, home.home.root / "backup")


def test_too_little_space_is_told_in_bytes_before_anything_is_copied(home: CareHome, tmp_path: Path) -> None:
    with (home.home.artifacts / "huge").open("wb") as file:
        file.truncate(1 << 43)  # a hole: it takes no space here
    with pytest.raises(Unavailable, match=r"8,796,\d+,\d+,\d+ bytes are needed"):
        take(home, tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".boathouse", "sources"]


def test_a_disk_that_becomes_full_leaves_nothing(home: CareHome, tmp_path: Path) -> None:
    (home.home.artifacts / "big").write_bytes(b"x" * (8 << 20))

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20))  # a write beyond it fails, as on a full disk

    done = subprocess.run(
        [sys.executable, "-m", "boathouse", "backup", str(tmp_path / "b")],
        env={"PATH": "", "BOATHOUSE_HOME": str(home.home.root)},
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 6, done.stderr
    assert "became full; nothing of b was kept" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [".boathouse", "sources"]
    assert not list(home.home.root.glob(".backup-*"))
