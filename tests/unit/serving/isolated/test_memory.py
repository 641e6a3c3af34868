"""Who ended a model's process, and how much memory it may take where nobody has said it."""

import os
import signal
from pathlib import Path

import pytest

from boathouse.serving.isolated.memory import LEAST_MB, SHARE, kernel_kills, there_is_mb, usual_limit_mb
from boathouse.serving.isolated.process import took_all_memory

MACHINE_MB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6


def system(root: Path, groups: str, files: dict[str, str]) -> Path:
    """A root folder with as much of a system as is looked at."""
    for name, text in {"proc/self/cgroup": groups, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("code", "before", "now", "expected"),
    [
        (-signal.SIGKILL, 3, 4, True),
        (-signal.SIGKILL, 3, 3, False),  # somebody has killed it, and it was not the kernel
        (-signal.SIGKILL, None, 4, False),  # nobody counts: it is taken for an end from outside
        (-signal.SIGKILL, 3, None, False),
        (-signal.SIGTERM, 3, 4, False),
        (-signal.SIGSEGV, 3, 4, False),
        (3, 3, 4, False),
        (0, 3, 4, False),
    ],
)
def test_only_a_kill_that_the_kernel_has_counted_is_for_want_of_memory(
    code: int, before: int | None, now: int | None, expected: bool
) -> None:
    assert took_all_memory(code, before=before, now=now) is expected


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        ("0::/app/worker\n", {"sys/fs/cgroup/app/memory.max": "4000000", "sys/fs/cgroup/app/worker/memory.max": "max"}),
        ("0::/\n", {"sys/fs/cgroup/memory.max": "4000000\n"}),
        ("0::/not/seen/from/here\n", {"sys/fs/cgroup/memory.max": "4000000"}),
        (
            "2:cpu:/\n4:memory:/box\n0::/\n",
            {
                "sys/fs/cgroup/memory/box/memory.limit_in_bytes": "4000000",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            },
        ),
        ("4:memory:/docker/of-the-host\n", {"sys/fs/cgroup/memory/memory.limit_in_bytes": "4000000"}),
    ],
)
def test_the_limit_of_a_container_counts_however_it_is_told(tmp_path: Path, groups: str, files: dict[str, str]) -> None:
    assert there_is_mb(system(tmp_path, groups, files)) == 4.0


@pytest.mark.parametrize("limit", ["max", "9223372036854771712", ""])
def test_without_a_limit_there_is_the_machine(tmp_path: Path, limit: str) -> None:
    assert there_is_mb(system(tmp_path, "0::/\n", {"sys/fs/cgroup/memory.max": limit})) == MACHINE_MB
    assert there_is_mb(tmp_path / "nothing") == MACHINE_MB


@pytest.mark.parametrize(
    ("there_mb", "expected"),
    [(100.0, 100.0), (LEAST_MB, LEAST_MB), (LEAST_MB / SHARE, LEAST_MB), (8 * LEAST_MB, 8 * LEAST_MB * SHARE)],
)
def test_a_model_gets_a_share_of_it_and_enough_to_begin_with(tmp_path: Path, there_mb: float, expected: float) -> None:
    if there_mb > MACHINE_MB:
        pytest.skip("This machine has less.")
    limit = str(int(there_mb * 1e6))

    assert usual_limit_mb(system(tmp_path, "0::/\n", {"sys/fs/cgroup/memory.max": limit})) == expected


def test_kills_are_counted_in_our_own_group_first(tmp_path: Path) -> None:
    vmstat = {"proc/vmstat": "nr_free_pages 5\noom_kill 7\n"}
    newer = system(
        tmp_path / "newer", "0::/app\n", vmstat | {"sys/fs/cgroup/app/memory.events": "low 0\noom 2\noom_kill 2\n"}
    )
    older = system(
        tmp_path / "older",
        "4:memory:/app\n",
        vmstat | {"sys/fs/cgroup/memory/app/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"},
    )
    neither = system(tmp_path / "neither", "0::/app\n", vmstat)

    assert [kernel_kills(root) for root in (newer, older, neither, tmp_path / "nothing")] == [2, 1, 7, None]
