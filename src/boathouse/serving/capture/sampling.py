"""Which requests are kept: the same ones, wherever and whenever one asks."""

from zlib import crc32

from boathouse.serving.capture.nouns import SHADOW_SUFFIX

_ALL = 1 << 32


def is_kept(request_id: str, fraction: float) -> bool:
    """Whether a request is among the share that is kept. One that a smaller share keeps is kept by each larger one, and
    what a shadow has said is kept where its caller's answer is: alone it could be compared with nothing."""
    return fraction >= 1.0 or crc32(request_id.partition(SHADOW_SUFFIX)[0].encode()) < fraction * _ALL
