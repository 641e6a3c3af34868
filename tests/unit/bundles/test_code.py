"""Which files are deployed, and how they arrive."""

import io
import os
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from boathouse.bundles.code_files import CodeFile, code_files, pack, snapshot_hash
from boathouse.bundles.snapshots import KEPT, Snapshots
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import Home

PLACE = ("flights", "prod", "")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("databricks.yml", "src/a.py", "src/deep/b.py", "dist/x.whl", "secret.env", "tests/t.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / ".gitignore").write_text("dist/\n*.env\n")
    return root


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    home = Home(tmp_path / ".boathouse")
    home.create()
    return Snapshots(home)


def names(files: Iterable[CodeFile]) -> set[str]:
    return {file.name for file in files}


@pytest.mark.parametrize("is_repository", [True, False])
def test_what_git_ignores_stays_at_home(project: Path, is_repository: bool) -> None:
    if is_repository:
        subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    found = names(code_files(project))
    assert found == {".gitignore", "databricks.yml", "src/a.py", "src/deep/b.py", "tests/t.py"}


def test_sync_brings_in_and_leaves_out(project: Path) -> None:
    found = names(code_files(project, include=["dist/*.whl"], exclude=["tests/**", "deep"]))
    assert found == {".gitignore", "databricks.yml", "src/a.py", "dist/x.whl"}


def test_built_files_come_along(project: Path) -> None:
    assert "dist/x.whl" in names(code_files(project, extra=[project / "dist" / "x.whl"]))


def test_a_pattern_that_leads_out_is_refused(project: Path) -> None:
    with pytest.raises(InvalidInput, match="leads out"):
        code_files(project, include=["../**"])


def test_a_link_that_leads_out_is_refused(project: Path) -> None:
    (project / "link").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInput, match="link is a link that leads out"):
        code_files(project)


def test_the_hash_knows_names_contents_and_the_right_to_execute(project: Path) -> None:
    first = snapshot_hash(code_files(project))
    os.utime(project / "src" / "a.py", (0, 0))
    assert snapshot_hash(code_files(project)) == first
    (project / "src" / "a.py").chmod(0o755)
    assert snapshot_hash(code_files(project)) != first


def test_a_snapshot_arrives_whole(project: Path, snapshots: Snapshots) -> None:
    # given
    files = code_files(project)
    snapshot = snapshot_hash(files)

    # when
    with pack(files) as archive:
        folder = snapshots.store(*PLACE, snapshot, archive)

    # then
    assert (folder / "files" / "src" / "deep" / "b.py").read_text() == "src/deep/b.py"
    assert snapshots.exists(*PLACE, snapshot)


def test_a_damaged_snapshot_leaves_nothing_behind(project: Path, snapshots: Snapshots, tmp_path: Path) -> None:
    files = code_files(project)
    with pack(files) as archive:
        data = archive.read()
    for wrong in (data[: len(data) // 2], b"nonsense", b""):
        with pytest.raises(InvalidInput):
            snapshots.store(*PLACE, snapshot_hash(files), io.BytesIO(wrong))
    with pytest.raises(InvalidInput, match="it was damaged"):
        snapshots.store(*PLACE, "0" * 64, io.BytesIO(data))
    assert [file for file in (tmp_path / ".boathouse" / "bundles").rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil"])
def test_an_archive_cannot_write_elsewhere(snapshots: Snapshots, tmp_path: Path, name: str) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = 4
        tar.addfile(info, io.BytesIO(b"evil"))
    archive.seek(0)
    with pytest.raises(InvalidInput, match="no path below the bundle"):
        snapshots.store(*PLACE, "0" * 64, archive)
    assert not list(tmp_path.rglob("evil"))


def test_an_archive_cannot_hold_links(snapshots: Snapshots) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        info = tarfile.TarInfo("passwd")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    archive.seek(0)
    with pytest.raises(InvalidInput, match="not a plain file"):
        snapshots.store(*PLACE, "0" * 64, archive)


def test_the_active_and_the_newest_snapshots_are_kept(snapshots: Snapshots, tmp_path: Path) -> None:
    # given
    hashes = [f"{number:064x}" for number in range(KEPT + 4)]
    for age, name in enumerate(hashes):
        folder = snapshots.folder(*PLACE, name)
        folder.mkdir(parents=True)
        os.utime(folder, (age, age))

    # when
    snapshots.prune(*PLACE, hashes[0])

    # then
    left = {folder.name for folder in snapshots.folder(*PLACE, hashes[0]).parent.iterdir()}
    assert left == {hashes[0], *hashes[-KEPT:]}


@pytest.mark.parametrize("snapshot", ["..", "x" * 64, "", "A" * 64])
def test_what_is_no_hash_names_no_folder(snapshots: Snapshots, snapshot: str) -> None:
    with pytest.raises(InvalidInput, match="not the hash"):
        snapshots.folder(*PLACE, snapshot)


def test_whoever_it_is_and_whatever_it_is_called_it_stays_inside(snapshots: Snapshots, tmp_path: Path) -> None:
    inside = tmp_path / ".boathouse" / "bundles"
    for owner in ("../../x", "a/b", "..", "ada@lake.org"):
        assert snapshots.folder("..", "../x", owner, "0" * 64).resolve().is_relative_to(inside)
