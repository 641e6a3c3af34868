"""How data files are written: one answer for every verb."""

from deltalake import WriterProperties

TARGET_FILE_BYTES = 128 << 20
"""Files of this size are few enough to open and many enough to share among cores."""


def writer_properties() -> WriterProperties:
    """Zstandard at its fastest level: a third smaller than Snappy and as quick to read."""
    return WriterProperties(compression="ZSTD", compression_level=1)
