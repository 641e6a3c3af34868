# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""One round of a stream: what has come to the source, scored, in one commit that says how far it goes."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from types import TracebackType
from typing import Self

import pyarrow as pa

from boathouse.catalog import LineageNode, NodeKind
from boathouse.foundation.errors import AlreadyExists, Conflict, NotFound
from boathouse.foundation.names import TableName
from boathouse.lake import Commit
from boathouse.lake.log import DeltaLog
from boathouse.lake.upserting import upsert
from boathouse.serving.batch.models import BatchModel, open_model
from boathouse.serving.batch.outputs.tables import draw_lineage, model_node
from boathouse.serving.batch.scoring import ScoredRows
from boathouse.serving.streaming.changes import due, last_words, new_rows
from boathouse.serving.streaming.nouns import Begin, OnChange, Round, Stream
from boathouse.serving.streaming.positions import position, turn_of, writer_of
from boathouse.session import Session
from boathouse.session.appending import Appender
from boathouse.session.opened import OpenTable
from boathouse.session.running.writes import TableShape

log = logging.getLogger(__name__)

ALIAS_SECONDS = 5.0
"""How long what an alias means is taken as known."""

OpenModel = Callable[[Session, str, int], AbstractContextManager[BatchModel]]


class StreamRounds:
    """Takes a stream on, round by round. Several processes may run the same stream: of each step one lands.

    Example:
        with StreamRounds(session, stream) as rounds:
            while rounds.round().is_more:
                pass
    """

    def __init__(
        self,
        session: Session,
        stream: Stream,
        *,
        named: Callable[[str], tuple[str, int]] | None = None,
        open_version: OpenModel = open_model,
    ) -> None:
        """Args:
        named: Says which version an address means; the registry by default.
        """
        self._session = session
        self._stream = stream
        self._named = named or _registered
        self._open_version = open_version
        self._open = ExitStack()
        self._model: BatchModel | None = None
        self._asked_at = float("-inf")
        self._source: OpenTable | None = None
        self._appender: Appender | None = None
        self._seen: int | None = None
        """Up to here nothing is due; may be further than the output says, where commits brought no rows."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def has_more(self) -> bool:
        """Whether the source has a version that was not looked at."""
        if self._source is None or self._seen is None:
            return True
        return DeltaLog(self._source.snapshot.location).latest() > self._seen

    def round(self) -> Round:
        """Take in what is due, at most some commits of the source.

        Raises:
            NotFound, Denied: Source, output or model cannot be used.
            Conflict: The source was changed in a way that the policy refuses, or its log does not go back so far.
            InvalidInput: Rows do not fit the model or the output.
        """
        (source,) = self._session.open_tables([self._stream.source])
        self._source = source
        writer = writer_of(self._stream, source.table)
        appender = self._opened()
        at = None if appender is None else position(appender, writer)
        try:
            if at is None:
                return self._first(source, writer)
            return self._next(source, writer, max(at, self._seen if self._seen is not None else at))
        except Conflict:
            # Another process of the same stream was faster; what it has written is not written again.
            now = self._opened()
            if now is None or position(now, writer) == at:
                raise
            self._seen = None
            return Round(at, 0, is_more=True)

    def _first(self, source: OpenTable, writer: str) -> Round:
        """All rows that are there; or none, if the stream begins with the next commit."""
        snapshot = source.snapshot
        rows = self._session.engine.scan(snapshot).reader()
        if self._stream.begin is Begin.LATEST:
            rows = pa.RecordBatchReader.from_batches(snapshot.arrow_schema, iter(()))
        return self._appended(source, writer, rows, snapshot.version, even_without=True)

    def _next(self, source: OpenTable, writer: str, after: int) -> Round:
        stream, snapshot = self._stream, source.snapshot
        found = due(snapshot, after, stream.most_commits)
        if not found.commits:
            self._seen = found.upto
            return Round(found.upto, 0, is_more=found.upto < snapshot.version)
        if stream.on_change is OnChange.UPSERT:
            return self._followed(source, writer, found.commits, found.upto)
        rows = new_rows(snapshot, found.commits, stream.on_change, stream.source)
        return self._appended(source, writer, rows, found.upto)

    def _appended(
        self, source: OpenTable, writer: str, rows: pa.RecordBatchReader, upto: int, *, even_without: bool = False
    ) -> Round:
        model = self._current()
        scored = ScoredRows(model, rows, keep=self._stream.keep, prediction=self._stream.prediction)
        try:
            made = None
            if even_without or scored.has_rows:
                made = self._made(scored.schema).append(scored.reader(), [turn_of(writer, upto)])
        finally:
            scored.close()
        return self._done(source, upto, scored.rows, made, model)

    def _followed(self, source: OpenTable, writer: str, commits: Sequence[Commit], upto: int) -> Round:
        """Rows of the output as those of the source are now, by key."""
        words = last_words(source.snapshot, commits, self._stream.key)
        model = self._current()
        scored = ScoredRows(model, words.rows.to_reader(), keep=self._stream.keep, prediction=self._stream.prediction)
        appender = self._made(scored.schema)
        rows = scored.reader().read_all()
        made = upsert(
            appender.table.storage_location, rows, words.gone, self._stream.key,
            turns=[turn_of(writer, upto)], commit_info=appender.commit_info,
        )  # fmt: skip
        return self._done(source, upto, rows.num_rows + words.gone.num_rows, made, model)

    def _done(self, source: OpenTable, upto: int, rows: int, made: int | None, model: BatchModel) -> Round:
        self._seen = upto
        if made is not None and rows:
            target = LineageNode(NodeKind.TABLE, str(TableName.parse(self._stream.output)), made)
            origin = LineageNode(NodeKind.TABLE, str(source.name), upto)
            draw_lineage(self._session, target, model_node(model.name, model.version), [origin])
            log.info("%s: %d rows of version %d of %s.", self._stream.name, rows, upto, self._stream.source)
        return Round(upto, rows, model.version, made, upto < source.snapshot.version)

    def _opened(self) -> Appender | None:
        if self._appender is None:
            try:
                self._appender = self._session.open_appender(self._stream.output)
            except NotFound:
                return None
        return self._appender

    def _made(self, schema: pa.Schema) -> Appender:
        found = self._opened()
        if found is None:
            shape = TableShape(schema, comment=f"Predictions of the stream {self._stream.name}.")
            with suppress(AlreadyExists):
                self._session.create_table(self._stream.output, shape)
            found = self._opened()
        if found is None:
            raise NotFound(f"Table {self._stream.output} is not there any more.")
        return found

    def _current(self) -> BatchModel:
        """The model that answers now; another one as soon as the alias has moved."""
        if self._model is not None and time.monotonic() - self._asked_at < ALIAS_SECONDS:
            return self._model
        name, version = self._named(self._stream.model)
        self._asked_at = time.monotonic()
        if self._model is None or self._model.version != version:
            self._open.close()
            self._model = None
            self._model = self._open.enter_context(self._open_version(self._session, name, version))
            log.info("%s: %s@%d answers from now on.", self._stream.name, name, version)
        return self._model


def _registered(text: str) -> tuple[str, int]:
    from boathouse.models.named_versions import version_named

    address = version_named(text)
    return str(address.name), address.version or 0
