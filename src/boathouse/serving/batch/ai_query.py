# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""``ai_query`` of SQL: the version that an endpoint asks now answers, in the process that runs the statement.

No row passes through a server. The control plane is asked for one thing: may the principal ask the endpoint, and which
version is that.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from boathouse.catalog import LineageEdge
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.rest import Connection, RestClient
from boathouse.serving.batch.models import BatchModel, cast_predictions, open_model
from boathouse.serving.batch.outputs.tables import model_node
from boathouse.session import Session
from boathouse.session.opened import OpenQuery
from boathouse.session.remote import RemoteLaw
from boathouse.session.result import Result
from boathouse.session.running.models_in_queries import AskedColumn, QueryWithModels
from boathouse.session.sql.arrow_types import arrow_type
from boathouse.session.sql.inlining import type_of

PURPOSE = "AI_QUERY"

OpenEndpoint = Callable[[Session, str], AbstractContextManager[BatchModel]]


def answer_query(
    session: Session, query: QueryWithModels, text: str, parameters: Mapping[str, Any] | None
) -> Result:  # fmt: skip
    """The rows of a query with what models say; the entry point ``ai_query``.

    Raises:
        NotFound, Denied: There is no such endpoint, or the principal may not ask it, or read its model or tables.
        InvalidInput: The inputs do not fit; or the statement runs where no model is loaded.
    """
    if not isinstance(session.law, RemoteLaw):
        raise InvalidInput(
            "ai_query loads models, which is not done in the server's own processes.",
            hint="Run it with boathouse sql, or with boathouse.sql in a task or a notebook.",
        )
    return answered(session, query, text, parameters, open_endpoint)


def answered(
    session: Session,
    query: QueryWithModels,
    text: str,
    parameters: Mapping[str, Any] | None,
    opened: OpenEndpoint,
) -> Result:
    """As :func:`answer_query`, with models from somewhere."""

    def prepare() -> ScoredQuery:
        source = session.open_query(text, parameters, purpose=PURPOSE, tree=query.tree)
        stack = ExitStack()
        try:
            names = dict.fromkeys(each.endpoint for each in query.columns if isinstance(each, AskedColumn))
            models = {name: stack.enter_context(opened(session, name)) for name in names}
            rows = ScoredQuery(source, query, models, stack)
        except BaseException:
            stack.close()
            raise
        nodes = [*source.sources, *(model_node(each.name, each.version) for each in models.values())]
        session.law.record_lineage(session.principal, [LineageEdge(node, None, "READ") for node in nodes])
        return rows

    return Result(prepare)


def open_endpoint(session: Session, endpoint: str) -> AbstractContextManager[BatchModel]:
    """The version that an endpoint asks now.

    Raises:
        NotFound, Denied: There is no such endpoint, or the principal may not ask it.
    """
    from urllib.parse import quote

    client = RestClient(Connection.from_surroundings())
    try:
        found = client.get(f"/api/boathouse/v1/endpoints/{quote(endpoint, safe='')}/model")
    finally:
        client.close()
    return open_model(session, found["model"], int(found["version"]))


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
        wanted = None if asked.return_type is None else arrow_type(type_of(asked.return_type))
        if rows.num_rows == 0:
            return pa.array([], wanted or model.prediction_type)
        inputs = _inputs(asked, rows, model)
        given = inputs if model.features is None else model.features(inputs)
        found = model.predict(given)
        kind = wanted or model.prediction_type
        return found if found.type == kind else cast_predictions(found, kind, f"{model.name}@{model.version}")


def _inputs(asked: AskedColumn, rows: pa.Table, model: BatchModel) -> pa.Table:
    columns: dict[str, Any] = {}
    for name, hidden in asked.inputs:
        column = rows.column(hidden)
        if name:
            columns[name] = column
        elif pa.types.is_struct(column.type):
            whole = column.combine_chunks()
            columns |= {field.name: value for field, value in zip(whole.type, whole.flatten(), strict=True)}
        elif len(model.scorer.required) == 1:
            columns[model.scorer.required[0]] = column
        else:
            raise InvalidInput(
                f"The model of endpoint {asked.endpoint} takes {', '.join(model.scorer.required) or 'named inputs'}.",
                hint="Give them as a struct: ai_query('endpoint', struct(a, b)).",
            )
    return pa.table(columns)
