"""What processes that died have left: the trash, halves of uploads, drafts of environments."""

from collections.abc import Iterator
from pathlib import Path

from boathouse.care.garbage.folders import children, destroy, trash_of, weigh
from boathouse.care.garbage.nouns import Garbage, Kind
from boathouse.foundation.home import Home

_INCOMING = ".incoming"


class Leftovers:
    """Things that are whole nowhere: whoever made them would have moved or removed them at the end."""

    kind = Kind.LEFTOVERS

    def __init__(self, home: Home) -> None:
        self._home = home

    def find(self, before: int) -> Iterator[Garbage]:
        for path, why, is_trash in self._candidates():
            weight = weigh(path)
            if is_trash or weight.newest <= before:
                name = path.relative_to(self._home.root).as_posix()
                yield Garbage(self.kind, name, why, weight.bytes, weight.files, handle=str(path))

    def remove(self, item: Garbage, before: int) -> bool:
        path = Path(item.handle)
        if path.parent != trash_of(self._home) and weigh(path).newest > before:
            return False
        destroy(path)
        return True

    def _candidates(self) -> Iterator[tuple[Path, str, bool]]:
        for path in children(trash_of(self._home)):
            yield path, "was on its way out", True
        uploads = [self._home.bundles / _INCOMING, self._home.root / _INCOMING]
        uploads += [volume / _INCOMING for volume in children(self._home.volumes)]
        for folder in uploads:
            for path in children(folder):
                yield path, "half of an upload", False
        for path in children(self._home.reproductions):
            yield path, "copies of tables that a reproduction wrote to", False
        for path in children(self._home.environments):
            if path.suffix == ".new":
                yield path, "an environment that was not finished", False
