"""What a task prints, as text to read: bytes become letters, and codes for terminals go."""

import codecs
import re

_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]{0,200})?$")
_LINE_BEGINS_ANEW = re.compile(r"\r+(?=[^\r\n])")


class LogText:
    """Pieces of a log as text. What a piece ends in the middle of waits for the next one."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def read(self, piece: bytes) -> str:
        """The piece as text."""
        text = self._rest + self._decoder.decode(piece)
        unfinished = _UNFINISHED.search(text)
        self._rest = unfinished.group() if unfinished else ""
        return plain(text.removesuffix(self._rest))


def plain(text: str) -> str:
    """Text without colours and other codes; what a progress bar overwrites becomes lines of their own."""
    return _LINE_BEGINS_ANEW.sub("\n", _CODES.sub("", text).replace("\r\n", "\n")).replace("\r", "")
