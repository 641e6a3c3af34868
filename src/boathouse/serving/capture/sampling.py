"""Which requests are kept: the same ones, wherever and whenever one asks."""

from zlib import crc32

_ALL = 1 << 32


def is_kept(request_id: str, fraction: float) -> bool:
    """Whether a request is among the share that is kept. One that a smaller share keeps is kept by each larger one."""
    return fraction >= 1.0 or crc32(request_id.encode()) < fraction * _ALL
