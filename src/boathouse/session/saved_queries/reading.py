"""What a text would read, without running it."""

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import SchemaName
from boathouse.session.saved_queries.nouns import QueryDraft, statement_parameters
from boathouse.session.sql.binding import bind
from boathouse.session.sql.namespace import Namespace
from boathouse.session.sql.parameters import Parameters
from boathouse.session.sql.reading import read_query, read_statement
from boathouse.session.sql.statements import Query
from boathouse.session.statements.nouns import values_of


def tables_read(draft: QueryDraft) -> tuple[str, ...]:
    """The full names of the tables of a query.

    Raises:
        InvalidInput: It is no query, cannot be read, or does not say which table is meant.
    """
    namespace = Namespace()
    if draft.catalog:
        namespace = namespace.using_catalog(draft.catalog)
    if draft.schema:
        namespace = namespace.using_schema(_schema(draft.schema, draft.catalog))
    parameters = Parameters(values_of(statement_parameters(draft.parameters)))
    sources = bind(read_query(draft.text), namespace, parameters)
    return tuple(sorted({str(reference.name) for reference in sources.tables.values()}))


def only_reads(text: str) -> bool:
    """Whether a text is a query: one that gives rows and changes nothing. False for what cannot be read."""
    try:
        return isinstance(read_statement(text), Query)
    except InvalidInput:
        return False


def _schema(schema: str, catalog: str | None) -> SchemaName:
    return SchemaName.parse(schema) if "." in schema else SchemaName(catalog or "", schema)
