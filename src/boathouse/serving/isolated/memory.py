"""How much memory there is, how much of it one model may take, and whether the kernel has ended somebody for want of
it.

A container may have less than its machine; its limit stands in the control groups, in the older form or the newer one.
"""

import os
from collections.abc import Iterator
from pathlib import Path

SHARE = 0.25
"""Of the memory there is, for a model whose endpoint says nothing of it."""
LEAST_MB = 1024.0
"""So much it gets on small machines too, as far as there is so much: MLflow and pandas alone take a third of it."""
_ROOT = Path("/")
_LIMITS = ("memory.max", "memory.limit_in_bytes")
_KILLS = ("memory.events", "memory.oom_control")


def usual_limit_mb(root: Path = _ROOT) -> float | None:
    """What a model in a process of its own may take where nothing is declared; None where that cannot be known."""
    there = there_is_mb(root)
    return None if there is None else max(there * SHARE, min(LEAST_MB, there))


def there_is_mb(root: Path = _ROOT) -> float | None:
    """The memory of this machine, or of the container where that has less."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None
    limits = [int(text) for folder in _groups(root) for name in _LIMITS if (text := _text(folder / name)).isdecimal()]
    return min([machine, *limits]) / 1e6


def kernel_kills(root: Path = _ROOT) -> int | None:
    """How often the kernel has ended a process for want of memory: in our control group, else on the machine. None
    where nobody counts."""
    for folder in _groups(root):
        for name in _KILLS:
            if (found := _number(_text(folder / name))) is not None:
                return found
        break  # groups above count what others did
    return _number(_text(root / "proc/vmstat"))


def _groups(root: Path) -> Iterator[Path]:
    """The folders of our control group and of those above it, as far as they can be seen from here."""
    mounted = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = mounted / "memory" if controllers else mounted
        own = top / place.lstrip("/")
        # In a container that sees only its own part, what is called its group is not there, and the top is its group.
        for folder in (own, *own.parents):
            if folder.is_dir():
                yield folder
            if folder == top:
                break


def _number(text: str) -> int | None:
    """What stands behind ``oom_kill``."""
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill" and value.isdecimal():
            return int(value)
    return None


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
