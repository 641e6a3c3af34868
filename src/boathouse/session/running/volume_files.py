"""Files of a volume, once the law has agreed: as a source of rows, and as a place to put things."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import VolumeName
from boathouse.lake import BrokenFile, FileFormat, FileOptions, FileSource, local_path
from boathouse.session.law import Intent
from boathouse.session.running.access import Access
from boathouse.session.volumes import VolumePath, files_below

_NOT_FOR_FILES = ("format", "filenamepattern", "pathglobfilter")


@dataclass(frozen=True, slots=True)
class VolumeFiles:
    """The files that a path in a volume means."""

    path: VolumePath
    root: Path
    """The volume's folder on the disk."""
    files: tuple[Path, ...]

    @classmethod
    def at(cls, access: Access, path: str, intent: Intent) -> "VolumeFiles":
        """Ask the law for the volume, then look for the files.

        Raises:
            Denied: The principal may not read the volume.
            NotFound: There are no files.
        """
        parsed = VolumePath.parse(path)
        volume = access.law.resolve_volume(access.principal, parsed.volume, intent, access.statement)
        root = local_path(volume.storage_location)
        return cls(parsed, root, tuple(files_below(root, parsed)))

    @property
    def volume_name(self) -> VolumeName:
        return self.path.volume

    def source(self, options: Mapping[str, str]) -> FileSource:
        """The files as rows, with the options of ``read_files``."""
        wanted = {name: value for name, value in options.items() if name.lower() not in _NOT_FOR_FILES}
        spelled = next((value for name, value in options.items() if name.lower() == "format"), None)
        file_format = FileFormat.parse(spelled) if spelled else FileFormat.of(self.files[0].name)
        return FileSource(tuple(map(str, self.files)), file_format, FileOptions.parse(wanted))

    def governed(self, file: Path) -> str:
        """The path under which people know a file."""
        return str(VolumePath(self.path.volume, type(self.path.inner)(file.relative_to(self.root).as_posix())))

    def explained(self, error: BrokenFile) -> BrokenFile:
        """The error with governed paths for those of the disk."""
        root = VolumePath(self.path.volume, type(self.path.inner)())
        return BrokenFile(error.message.replace(str(self.root), str(root)), hint=error.hint)


__all__ = ["InvalidInput", "VolumeFiles"]
