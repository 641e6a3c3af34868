"""The facts of an archive as they come in: JSON of whoever signed it, of texts and numbers that can be kept here."""

import json
from typing import Any

from boathouse.models.archives.container import Archive
from boathouse.models.archives.nouns import FACTS_FOLDER, ArchiveDamaged
from boathouse.models.archives.packing import FACTS

Json = dict[str, Any]
_BEYOND_DATABASES = 2**63


def facts_of(archive: Archive) -> dict[str, Json]:
    """The facts that an archive holds, by their names.

    Raises:
        ArchiveDamaged: One of them is no JSON object, or no database could hold it.
    """
    paths = {f"{FACTS_FOLDER}{name}.json": name for name in FACTS}
    return {paths[path]: _fact(path, content) for path, content in archive.read_all(paths).items()}


def _fact(path: str, content: bytes) -> Json:
    try:
        told = json.loads(content, parse_int=_whole_number)
        json.dumps(told, ensure_ascii=False).encode()  # fails on half a character, which an escape can bring
    except (ValueError, RecursionError) as error:
        raise ArchiveDamaged(
            f"{path} of the archive is no JSON, or not of texts and numbers that can be kept."
        ) from error
    if not isinstance(told, dict):
        raise ArchiveDamaged(f"{path} of the archive is no JSON object.")
    return told


def _whole_number(digits: str) -> int:
    number = int(digits)
    if not -_BEYOND_DATABASES <= number < _BEYOND_DATABASES:
        raise ValueError(f"{digits[:20]} does not fit into 64 bits")
    return number
