# pyright: reportUnknownParameterType=false
"""Reading a stream in a thread of its own.

delta-rs asks for the next batch from a thread of its asynchronous runtime, and there no other work of delta-rs may
wait. A stream whose rows come from a Delta table itself (a copy, a change feed) would panic. Read ahead in a plain
thread, it does not, and reading and writing overlap.
"""

import threading
from collections.abc import Generator
from contextvars import copy_context
from queue import Empty, Full, Queue

import pyarrow as pa

_AHEAD = 2
"""Batches that wait for the writer."""

_POLL_SECONDS = 0.1


class _End:
    """The last thing in the queue: the stream is over, or broke."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def read_ahead(stream: pa.RecordBatchReader) -> Generator[pa.RecordBatch]:
    """The batches of the stream, read by another thread; its error is raised here."""
    queue: Queue[pa.RecordBatch | _End] = Queue(_AHEAD)
    abandoned = threading.Event()
    context = copy_context()
    thread = threading.Thread(target=context.run, args=(_read, stream, queue, abandoned), daemon=True)
    thread.start()
    try:
        while True:
            item = queue.get()
            if isinstance(item, _End):
                if item.error is None:
                    return
                error = item.error
                del item  # an error that its own traceback leads back to would keep the engine alive
                try:
                    raise error
                finally:
                    del error
            yield item
    finally:
        abandoned.set()
        _drain(queue)
        thread.join()


def _read(stream: pa.RecordBatchReader, queue: "Queue[pa.RecordBatch | _End]", abandoned: threading.Event) -> None:
    end = _End()
    try:
        for batch in stream:
            _put(queue, batch, abandoned)
            if abandoned.is_set():
                return
    except BaseException as error:  # noqa: BLE001 (it is raised again where the batches are read)
        end = _End(error)
    try:
        _put(queue, end, abandoned)
    finally:
        del end  # or the error's traceback would lead back to the error


def _put(queue: "Queue[pa.RecordBatch | _End]", item: "pa.RecordBatch | _End", abandoned: threading.Event) -> None:
    while not abandoned.is_set():
        try:
            queue.put(item, timeout=_POLL_SECONDS)
            return
        except Full:
            continue


def _drain(queue: "Queue[pa.RecordBatch | _End]") -> None:
    try:
        while True:
            queue.get_nowait()
    except Empty:
        return
