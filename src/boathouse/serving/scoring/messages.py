"""What travels to a model in a process of its own: one request, or several as one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Message:
    """A request on its way to the model's process."""

    shape: str
    content: Any
    """Bytes, or an Arrow table."""
    nulls: tuple[str, ...] = ()
    """Columns of whole numbers or booleans with nulls, which MLflow's check would refuse."""
    has_names: bool = True
    is_plain: bool = False
    """Whether the model is given the value itself, as models are whose signature comes from type hints."""

    @property
    def kind(self) -> tuple[Any, ...] | None:
        """What must be the same for messages to travel as one; None for what cannot."""
        if isinstance(self.content, bytes):
            return None
        return ("message", str(self.content.schema), self.nulls, self.has_names)

    def body(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else stream_of(self.content)


def joined(messages: Sequence[Message]) -> Message:
    """Messages of one kind as one."""
    import pyarrow as pa

    first = messages[0]
    return Message(first.shape, pa.concat_tables([each.content for each in messages]), first.nulls, first.has_names)


def parted(predictions: bytes, rows: Sequence[int]) -> list[bytes] | None:
    """Predictions of joined messages, each by itself and written as the model's process writes them; None when there
    is not one for each row."""
    found: Any = json.loads(predictions)
    if not isinstance(found, list) or len(cast("list[Any]", found)) != sum(rows):
        return None
    values = cast("list[Any]", found)
    ends = list(accumulate(rows))
    return [json.dumps(values[end - count : end]).encode() for count, end in zip(rows, ends, strict=True)]


def stream_of(table: Any) -> bytes:
    """A table as an Arrow stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()
