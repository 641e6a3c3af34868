"""How far a stream is: that stands in the log of its output, in the same commit as the rows."""

from boathouse.catalog import Table
from boathouse.lake.commits import Turn
from boathouse.serving.streaming.nouns import Stream
from boathouse.session.appending import Appender

_WRITER = "boathouse.score_stream"


def writer_of(stream: Stream, source: Table) -> str:
    """Under which name the output counts; a source that was made anew is another one."""
    return f"{_WRITER}/{stream.name}/{source.securable.id}"


def position(appender: Appender, writer: str) -> int | None:
    """The version of the source up to which everything is in the output; None before the first round."""
    found = appender.taken([writer]).get(writer)
    return None if found is None else found - 1


def turn_of(writer: str, upto: int) -> Turn:
    """The turn that takes the source up to a version: one more, since versions begin with 0."""
    return Turn(writer, upto + 1)
