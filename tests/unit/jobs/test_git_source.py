"""Which repositories may be named, and what becomes of a commit: over real repositories on this disk."""

import os
import subprocess
from pathlib import Path

import pytest

from boathouse.foundation.errors import Denied, Unavailable
from boathouse.foundation.home import Home
from boathouse.foundation.principals import ADMINS, Principal
from boathouse.jobs.git.checkouts import GitCheckouts, GitRefNotFound
from boathouse.jobs.git.source import problems_of_git_source, require_may_use, uses_git
from boathouse.jobs.records import Run, State
from boathouse.jobs.settings import GitSource, JobSettings
from boathouse.jobs.states import LifeCycleState
from boathouse.jobs.wire import run_json


class Repository:
    """A repository that somebody works in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.first = self.commit("a.py", "print(1)\n")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        command = ["git", *who, *arguments]
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, name: str, text: str) -> str:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", name)
        return self.git("rev-parse", "HEAD")

    def source(self, **ref: str) -> GitSource:
        return GitSource(git_url=self.folder.as_uri(), **ref)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def checkouts(tmp_path: Path) -> GitCheckouts:
    return GitCheckouts(Home(tmp_path / "home"))


def test_a_branch_moves_and_a_commit_stays(repository: Repository, checkouts: GitCheckouts) -> None:
    branch = repository.source(git_branch="main")
    assert checkouts.commit_of(branch) == repository.first
    repository.git("tag", "v1")

    second = repository.commit("deep/b.py", "print(2)\n")

    assert checkouts.commit_of(branch) == second
    assert checkouts.commit_of(repository.source(git_tag="v1")) == repository.first
    assert checkouts.commit_of(repository.source(git_commit=repository.first[:10])) == repository.first
    folder = checkouts.folder(branch, second)
    assert sorted(file.name for file in folder.rglob("*") if file.is_file()) == ["a.py", "b.py"]
    assert not (checkouts.folder(branch, repository.first) / "deep").exists()


def test_a_commit_that_is_known_needs_no_repository(repository: Repository, checkouts: GitCheckouts) -> None:
    source = repository.source(git_commit=checkouts.commit_of(repository.source(git_branch="main")))
    repository.folder.rename(repository.folder.with_name("away"))

    assert (checkouts.folder(source, checkouts.commit_of(source)) / "a.py").read_text() == "print(1)\n"
    with pytest.raises(Unavailable, match="cannot be fetched"):
        checkouts.commit_of(repository.source(git_branch="main"))


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ({"git_branch": "mian"}, "has no branch 'mian'. Did you mean main?"),
        ({"git_tag": "v1"}, "has no tag 'v1'. It has none."),
        ({"git_commit": "0" * 40}, "has no commit 0000000000"),
    ],
)
def test_a_ref_that_is_not_there_is_named(
    repository: Repository, checkouts: GitCheckouts, ref: dict[str, str], message: str
) -> None:
    with pytest.raises(GitRefNotFound, match=message):
        checkouts.commit_of(repository.source(**ref))


def test_no_hook_and_no_filter_of_the_repository_runs(
    repository: Repository, checkouts: GitCheckouts, tmp_path
) -> None:
    repository.commit(".gitattributes", "*.py filter=evil\n")
    repository.commit(".gitmodules", '[submodule "x"]\n\tpath = x\n\turl = ext::touch ran\n')
    source = repository.source(git_branch="main")

    folder = checkouts.folder(source, checkouts.commit_of(source))

    assert (folder / "a.py").exists() and not list(tmp_path.rglob("ran"))


def test_surroundings_of_git_do_not_lead_elsewhere(
    repository: Repository, checkouts: GitCheckouts, monkeypatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")

    assert checkouts.commit_of(repository.source(git_branch="main")) == repository.first


def test_a_commit_unused_for_long_is_taken_away(repository: Repository, checkouts: GitCheckouts) -> None:
    source = repository.source(git_branch="main")
    old = checkouts.folder(source, repository.first if checkouts.commit_of(source) else "")
    os.utime(old, (0, 0))

    new = checkouts.folder(source, repository.commit("b.py", "") and checkouts.commit_of(source))

    assert new.exists() and not old.exists()
    assert checkouts.folder(source, repository.first) == old and old.exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/team/project.git",
        "https://user@host:8443/p",
        "ssh://git@host:22/team/project",
        "git@host.example:team/project.git",
        "file:///srv/project",
        "/srv/project",
    ],
)
def test_the_usual_urls_are_fine(url: str) -> None:
    assert not list(problems_of_git_source(job(git_url=url, git_branch="main")))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ext::sh -c touch% /tmp/x", "this is no URL"),
        ("ext::sh", "transport helpers"),
        ("-uploadpack=x", "this is no URL"),
        ("--upload-pack=touch", "this is no URL"),
        ("ssh://-oProxyCommand=x/p", "names no host"),
        ("-oProxyCommand=x@host:p", "this is no URL"),
        ("git://host/p", "git cannot be fetched from"),
        ("relative/path", "a path cannot be fetched from"),
        ("file://host/p", "a file URL is file:///path"),
        ("https://user:pass@host/p", "holds a password"),
        ("https://ho\nst/p", "this is no URL"),
        ("https:///p", "names no host"),
        ("", "a path cannot"),
    ],
)
def test_dangerous_and_broken_urls_are_refused(url: str, message: str) -> None:
    assert message in str(next(problems_of_git_source(job(git_url=url, git_branch="main"))))


@pytest.mark.parametrize(
    "ref",
    [
        {},
        {"git_branch": "a", "git_tag": "b"},
        {"git_branch": "-x"},
        {"git_branch": "a..b"},
        {"git_branch": "a b"},
        {"git_tag": ""},
        {"git_commit": "HEAD"},
        {"git_commit": "abc"},
    ],
)
def test_exactly_one_sound_ref_is_needed(ref: dict[str, str]) -> None:
    assert len(list(problems_of_git_source(job(git_url="https://h/p", **ref)))) == 1


def test_source_git_needs_a_git_source() -> None:
    task = {"task_key": "a", "notebook_task": {"notebook_path": "n", "source": "GIT"}}
    settings = JobSettings.model_validate({"tasks": [task]})

    assert "the job has no git_source" in str(next(problems_of_git_source(settings)))
    assert not uses_git(settings.tasks[0], settings)


def test_a_task_can_stay_with_the_files_of_the_bundle() -> None:
    settings = job(git_url="https://h/p", git_branch="main")
    kept = settings.tasks[0].model_copy(deep=True)
    assert kept.spark_python_task is not None
    kept.spark_python_task.source = "WORKSPACE"  # pyright: ignore[reportAttributeAccessIssue]

    assert uses_git(settings.tasks[0], settings) and not uses_git(kept, settings)


def test_folders_of_the_machine_are_for_administrators() -> None:
    source = GitSource(git_url="file:///srv/p", git_branch="main")
    require_may_use(Principal("ada", groups=frozenset({ADMINS})), source)

    with pytest.raises(Denied, match="a folder of the worker's machine"):
        require_may_use(Principal("bob"), source)


def test_a_run_shows_the_commit_it_uses() -> None:
    state = State(LifeCycleState.RUNNING)
    settings = job(git_url="https://h/p", git_branch="main")
    run = Run(1, 1, "n", settings, state, "ada", "ada", 0, 1, used_commit="c0ffee")

    shown = run_json(run, "http://h", with_tasks=False)["git_source"]
    assert shown == {"git_url": "https://h/p", "git_branch": "main", "git_snapshot": {"used_commit": "c0ffee"}}


def job(**source: str) -> JobSettings:
    task = {"task_key": "a", "spark_python_task": {"python_file": "a.py"}}
    return JobSettings.model_validate({"tasks": [task], "git_source": source})
