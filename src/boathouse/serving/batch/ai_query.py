# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""``ai_query`` of SQL: the version that an endpoint asks now answers, in the process that runs the statement.

No row passes through a server. The control plane is asked for one thing: may the principal ask the endpoint, and which
version is that. In the list of a SELECT the answers are put beside the rows; anywhere else the engine calls a function.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlglot import exp

from boathouse.catalog import LineageEdge, LineageNode
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.rest import Connection, RestClient
from boathouse.lake.engine import ArrowFunction
from boathouse.serving.batch.ai_functions import function_of, inputs_of, predicted, type_of_answers
from boathouse.serving.batch.models import BatchModel, open_model
from boathouse.serving.batch.outputs.tables import model_node
from boathouse.session import Session
from boathouse.session.opened import OpenQuery
from boathouse.session.remote import RemoteLaw
from boathouse.session.result import Result
from boathouse.session.running.models_in_queries import (
    AskedCall,
    AskedColumn,
    AskedFunctions,
    QueryWithModels,
    with_functions,
)
from boathouse.session.sql.binding import ALIAS_PREFIX

PURPOSE = "AI_QUERY"

OpenEndpoint = Callable[[Session, str], AbstractContextManager[BatchModel]]


class EndpointsInQueries:
    """Lets the versions that endpoints ask now answer queries. Implements
    :class:`boathouse.session.running.models_in_queries.AnswersQueries`."""

    def __init__(self, opened: OpenEndpoint) -> None:
        """
        Args:
            opened: Where models come from.
        """
        self._opened = opened

    def columns(
        self, session: Session, query: QueryWithModels, text: str, parameters: Mapping[str, Any] | None
    ) -> Result:
        """The rows of a query with what models say in its list.

        Raises:
            NotFound, Denied: There is no such endpoint, or the principal may not ask it, or read its model or tables.
            InvalidInput: The inputs do not fit; or the statement runs where no model is loaded.
        """

        def prepare() -> ScoredQuery:
            source = session.open_query(text, parameters, purpose=PURPOSE, tree=query.tree)
            stack = ExitStack()
            try:
                names = dict.fromkeys(each.endpoint for each in query.columns if isinstance(each, AskedColumn))
                models = {name: stack.enter_context(self._opened(session, name)) for name in names}
                rows = ScoredQuery(source, query, models, stack)
            except BaseException:
                stack.close()
                raise
            _record(session, [*source.sources, *map(_node, models.values())])
            return rows

        return Result(prepare)

    def functions(self, session: Session, tree: exp.Expr) -> AskedFunctions:
        """The models that a query asks anywhere, as functions of the engine. Raises as :meth:`columns`."""
        with ExitStack() as stack:
            models: dict[str, BatchModel] = {}
            functions: dict[str, ArrowFunction] = {}

            def known(asked: AskedCall) -> tuple[str, str]:
                if asked.endpoint not in models:
                    models[asked.endpoint] = stack.enter_context(self._opened(session, asked.endpoint))
                name = f"{ALIAS_PREFIX}model_{len(functions)}"
                functions[name], kind = function_of(models[asked.endpoint], asked)
                return name, kind

            written = with_functions(tree, known)
            _record(session, [_node(each) for each in models.values()])
            return AskedFunctions(written, functions, stack.pop_all().close)


def open_endpoint(session: Session, endpoint: str) -> AbstractContextManager[BatchModel]:
    """The version that an endpoint asks now, fetched from the control plane.

    Raises:
        NotFound, Denied: There is no such endpoint, or the principal may not ask it.
        InvalidInput: This is the control plane.
    """
    from urllib.parse import quote

    if not isinstance(session.law, RemoteLaw):
        raise InvalidInput(
            "ai_query loads models, which the control plane does not do.",
            hint="Run it as a statement over REST, with boathouse sql, or in a task or a notebook.",
        )
    client = RestClient(Connection.from_surroundings())
    try:
        found = client.get(f"/api/boathouse/v1/endpoints/{quote(endpoint, safe='')}/model")
    finally:
        client.close()
    return open_model(session, found["model"], int(found["version"]))


answer_query = EndpointsInQueries(open_endpoint)
"""The entry point ``ai_query``."""


def _record(session: Session, read: Sequence[LineageNode]) -> None:
    session.law.record_lineage(session.principal, [LineageEdge(node, None, "READ") for node in read])


def _node(model: BatchModel) -> LineageNode:
    return model_node(model.name, model.version)


@dataclass(slots=True)
class ScoredQuery:
    """Implements :class:`boathouse.lake.engine.Rows`."""

    source: OpenQuery
    query: QueryWithModels
    models: Mapping[str, BatchModel]
    stack: ExitStack

    @property
    def schema(self) -> pa.Schema:
        return self._table(self.source.rows.schema.empty_table()).schema

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def arrow(self) -> pa.Table:
        return self.reader().read_all()

    def relation(self) -> Any:
        raise InvalidInput("A query with ai_query gives no relation.", hint="Take its rows with arrow(), pl() or df().")

    def close(self) -> None:
        self.stack.close()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        schema = self.schema
        try:
            for batch in self.source.rows.batches():
                yield from self._table(pa.Table.from_batches([batch])).cast(schema).to_batches()
        finally:
            self.close()

    def _table(self, rows: pa.Table) -> pa.Table:
        hidden = {column for each in self.query.columns if isinstance(each, AskedColumn) for _, column in each.inputs}
        arrays: list[Any] = []
        names: list[str] = []
        own = iter([name for name in rows.column_names if name not in hidden])
        plain = len([each for each in self.query.columns if isinstance(each, str) and each != "*"])
        stars = [each for each in self.query.columns if each == "*"]
        if len(stars) > 1:
            raise InvalidInput("A query with ai_query has one star at most.")
        starred = rows.num_columns - len(hidden) - plain
        for each in self.query.columns:
            if isinstance(each, AskedColumn):
                names.append(each.name)
                arrays.append(self._predicted(each, rows))
                continue
            for _ in range(starred if each == "*" else 1):
                names.append(next(own))
                arrays.append(rows.column(names[-1]))
        return pa.Table.from_arrays(arrays, names=names)

    def _predicted(self, asked: AskedColumn, rows: pa.Table) -> pa.Array:
        model = self.models[asked.endpoint]
        kind = type_of_answers(model, asked.return_type)
        if rows.num_rows == 0:
            return pa.array([], kind)
        inputs = inputs_of(asked.endpoint, model, [(name, rows.column(hidden)) for name, hidden in asked.inputs])
        return predicted(model, inputs if model.features is None else model.features(inputs), kind)
