"""Deployed code that nothing goes back to: no deployment in force, no job, no run under way, no version of a model."""

from collections.abc import Callable, Iterator
from pathlib import Path

from boathouse.care.garbage.folders import children, throw_away, weigh
from boathouse.care.garbage.nouns import Garbage, Kind
from boathouse.foundation.home import Home

InUse = Callable[[], set[Path]]
"""Folders of code that somebody needs."""

_HASH_LENGTH = 64


class DeployedCode:
    """home/bundles/<bundle>/<target>/<whose>/<hash>; ``in_use`` come from the rooms that run code."""

    kind = Kind.BUNDLES

    def __init__(self, home: Home, in_use: Callable[[], list[InUse]]) -> None:
        self._home = home
        self._in_use = in_use

    def find(self, before: int) -> Iterator[Garbage]:
        needed = self._needed()
        for folder in self._snapshots():
            if folder in needed:
                continue
            weight = weigh(folder)
            if _touched(folder) <= before:
                name = folder.relative_to(self._home.bundles).as_posix()
                why = "no deployment, job, run or model version goes back to it"
                yield Garbage(self.kind, f"bundles/{name}", why, weight.bytes, weight.files, handle=name)

    def remove(self, item: Garbage, before: int) -> bool:
        folder = self._home.bundles / item.handle
        if folder in self._needed() or _touched(folder) > before:
            return False
        throw_away(self._home, folder)
        return True

    def _snapshots(self) -> Iterator[Path]:
        for bundle in children(self._home.bundles):
            for target in children(bundle):
                for whose in children(target):
                    yield from (each for each in children(whose) if len(each.name) == _HASH_LENGTH)

    def _needed(self) -> set[Path]:
        """The snapshots in which some needed folder lies."""
        root = self._home.bundles.resolve()
        found: set[Path] = set()
        for asked in self._in_use():
            for place in asked():
                place = place.resolve()
                if place.is_relative_to(root):
                    found.add(self._home.bundles.joinpath(*place.relative_to(root).parts[:4]))
        return found


def _touched(folder: Path) -> int:
    """When the snapshot was unpacked: its files may be as old as the project."""
    try:
        return folder.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return 0
