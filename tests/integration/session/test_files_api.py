"""The Files API as the Databricks SDK and our own command line use it."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound, PermissionDenied, ResourceAlreadyExists

from boathouse.catalog import Privilege
from boathouse.foundation.errors import BoathouseError
from boathouse.session import Session

pytestmark = pytest.mark.server
LANDING = "/Volumes/dev/shop/landing"


@pytest.fixture
def volume(session: Session) -> str:
    session.sql("CREATE VOLUME dev.shop.landing")
    return LANDING


@pytest.fixture
def client(url: str, token: Callable[..., str]) -> WorkspaceClient:
    return WorkspaceClient(host=url, token=token("root"), auth_type="pat")


def test_what_the_sdk_uploads_it_downloads_again(client: WorkspaceClient, volume: str) -> None:
    content = bytes(range(256)) * 20_000
    client.files.upload(f"{volume}/deep/a b.bin", io.BytesIO(content), overwrite=True)
    assert client.files.download(f"{volume}/deep/a b.bin").contents.read() == content
    assert client.files.get_metadata(f"{volume}/deep/a b.bin").content_length == len(content)


def test_a_file_is_no_page_of_ours(client: WorkspaceClient, url: str, token: Callable[..., str], volume: str) -> None:
    import urllib3

    client.files.upload(f"{volume}/a.html", io.BytesIO(b"<script>alert(1)</script>"), overwrite=True)
    address = f"{url}/api/2.0/fs/files{volume}/a.html"
    answer = urllib3.request("GET", address, headers={"Authorization": f"Bearer {token('root')}"})
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_is_overwritten_only_when_asked(client: WorkspaceClient, volume: str) -> None:
    client.files.upload(f"{volume}/a.txt", io.BytesIO(b"one"), overwrite=True)
    with pytest.raises(ResourceAlreadyExists):
        client.files.upload(f"{volume}/a.txt", io.BytesIO(b"two"), overwrite=False)
    assert client.files.download(f"{volume}/a.txt").contents.read() == b"one"


def test_folders_are_made_listed_in_pages_and_deleted(client: WorkspaceClient, volume: str) -> None:
    client.files.create_directory(f"{volume}/in/2013")
    for name in ("b", "a", "c"):
        client.files.upload(f"{volume}/in/{name}.csv", io.BytesIO(b"x"), overwrite=True)
    listed = list(client.files.list_directory_contents(f"{volume}/in", page_size=2))
    assert [(entry.name, entry.is_directory) for entry in listed] == [
        ("2013", True), ("a.csv", False), ("b.csv", False), ("c.csv", False)]  # fmt: skip
    client.files.delete(f"{volume}/in/a.csv")
    client.files.delete_directory(f"{volume}/in/2013")
    assert [entry.name for entry in client.files.list_directory_contents(f"{volume}/in")] == ["b.csv", "c.csv"]


def test_what_is_not_there_is_not_found(client: WorkspaceClient, volume: str) -> None:
    with pytest.raises(NotFound):
        client.files.download(f"{volume}/nothing")
    with pytest.raises(NotFound):
        client.files.get_directory_metadata(f"{volume}/nothing")


def test_reading_and_writing_need_their_privileges(url: str, token: Callable[..., str], volume: str) -> None:
    reader = WorkspaceClient(host=url, token=token("ann", Privilege.READ_VOLUME), auth_type="pat")
    assert list(reader.files.list_directory_contents(volume)) == []
    with pytest.raises(PermissionDenied, match="WRITE_VOLUME"):
        reader.files.upload(f"{volume}/a", io.BytesIO(b"x"), overwrite=True)


@pytest.mark.parametrize("path", [f"{LANDING}/../other/x", f"{LANDING}/%2e%2e/%2e%2e/x", "/Volumes/dev/shop"])
def test_a_path_that_leaves_its_volume_is_refused(url: str, token: Callable[..., str], volume: str, path: str) -> None:
    import urllib3

    headers = {"Authorization": f"Bearer {token('root')}"}
    pool = urllib3.HTTPConnectionPool(url.removeprefix("http://").split(":")[0], int(url.rpartition(":")[2]))
    answer = pool.urlopen("PUT", f"/api/2.0/fs/files{path}", b"x", headers)
    assert answer.status in (400, 404)


def test_the_command_line_uploads_folders_and_downloads(
    url: str, token: Callable[..., str], volume: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from boathouse.cli.upload import download, ls, upload

    monkeypatch.setenv("BOATHOUSE_URL", url)
    monkeypatch.setenv("BOATHOUSE_TOKEN", token("root"))
    (tmp_path / "raw" / "deep").mkdir(parents=True)
    (tmp_path / "raw" / "a.csv").write_text("x\n1\n")
    (tmp_path / "raw" / "deep" / "b.csv").write_text("x\n2\n")
    run = CliRunner().invoke
    assert run(upload, [str(tmp_path / "raw"), f"{volume}/in/"], catch_exceptions=False).exit_code == 0
    assert "deep/" in run(ls, [f"{volume}/in/raw"], catch_exceptions=False).output
    run(download, [f"{volume}/in/raw/deep/b.csv", str(tmp_path / "back.csv")], catch_exceptions=False)
    assert (tmp_path / "back.csv").read_text() == "x\n2\n"
    again = run(upload, [str(tmp_path / "raw" / "a.csv"), f"{volume}/in/raw/", "--no-overwrite"])
    assert isinstance(again.exception, BoathouseError)
    assert "already exists" in str(again.exception)


def test_the_command_line_prints_rows_in_each_format(
    url: str, token: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    from boathouse.cli.sql import sql

    monkeypatch.setenv("BOATHOUSE_URL", url)
    monkeypatch.setenv("BOATHOUSE_TOKEN", token("root"))
    run = CliRunner().invoke
    statement = "SELECT :n AS n, DATE'2013-01-02' AS day, NULL AS nothing"
    table = run(sql, [statement, "-p", "n:int=7"], catch_exceptions=False).output
    assert "day" in table
    assert "2013-01-02" in table
    assert "(1 row)" in table
    csv = run(sql, [statement, "-p", "n:int=7", "--format", "csv"], catch_exceptions=False).output
    assert csv == "n,day,nothing\n7,2013-01-02,\n"
    json = run(sql, [statement, "-p", "n=7", "--format", "json"], catch_exceptions=False).output
    assert json == '{"n": "7", "day": "2013-01-02", "nothing": null}\n'
    run(sql, ["SELECT id FROM range(3)", "-o", str(tmp_path / "ids.parquet")], catch_exceptions=False)
    assert pq.read_table(tmp_path / "ids.parquet")["id"].to_pylist() == [0, 1, 2]
    (tmp_path / "q.sql").write_text("SELECT 1 AS one")
    assert "one" in run(sql, ["--file", str(tmp_path / "q.sql")], catch_exceptions=False).output
    assert isinstance(run(sql, ["SELECT"]).exception, BoathouseError)
