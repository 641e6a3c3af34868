"""Which columns flow into which: by hand for every construct, and by changing values under queries of chance."""

from collections.abc import Mapping, Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.catalog import ColumnFlow, LineageNode, NodeKind
from boathouse.catalog.repository.records import EdgeFilter
from boathouse.lake.typed_macros import lay_rules
from boathouse.session.sql.binding import bind
from boathouse.session.sql.column_lineage import Origin, QueryFlow, flow_of_query
from boathouse.session.sql.dialect import engine_sql
from boathouse.session.sql.namespace import Namespace
from boathouse.session.sql.parameters import Parameters
from boathouse.session.sql.reading import read_statement
from boathouse.session.sql.statements import Query
from boathouse.session.sql.translate import SessionFacts, name_columns, translate

SCHEMAS = {"t": ("id", "a", "b", "c"), "u": ("id", "x", "y"), "w": ("s", "l")}


def analysed(sql: str) -> tuple[QueryFlow, str, dict[str, str]]:
    """The flow of a query, the query for the engine, and which table each alias is."""
    statement = read_statement(sql)
    assert isinstance(statement, Query)
    tree = statement.tree.copy()
    name_columns(tree)
    sources = bind(tree, Namespace("c", "s"), Parameters(None))
    names = {alias: reference.name.name for alias, reference in sources.tables.items()}
    schemas: dict[str, Sequence[str] | None] = {alias: SCHEMAS[name] for alias, name in names.items()}
    flow = flow_of_query(tree, {**schemas, **dict.fromkeys(sources.files)})
    return flow, engine_sql(translate(tree, SessionFacts("ann", "c", "s"))), names


def spelled(origins: frozenset[Origin], names: Mapping[str, str]) -> str:
    return " ".join(sorted(f"{names.get(alias, 'files')}.{column}" for alias, column in origins))


@pytest.mark.parametrize(
    ("sql", "direct", "indirect", "rows"),
    [
        ("SELECT a + b AS v FROM t WHERE c > 1", "t.a t.b", "", "t.c"),
        ("SELECT CASE WHEN c > 1 THEN a ELSE b END AS v FROM t", "t.a t.b", "t.c", ""),
        ("SELECT if(c > 1, a, 0) AS v FROM t", "t.a", "t.c", ""),
        ("SELECT sum(a) FILTER (WHERE b > 1) AS v FROM t", "t.a", "t.b", ""),
        ("SELECT sum(a) AS v FROM t GROUP BY b HAVING max(c) > 1", "t.a", "", "t.b t.c"),
        ("SELECT sum(a) OVER (PARTITION BY b ORDER BY c) AS v FROM t", "t.a", "t.b t.c", ""),
        ("SELECT sum(a) OVER p AS v FROM t WINDOW p AS (PARTITION BY b)", "t.a", "t.b", ""),
        ("SELECT row_number() OVER (PARTITION BY b ORDER BY c) AS v FROM t", "t.c", "t.b", ""),
        ("SELECT a AS v FROM t QUALIFY row_number() OVER (PARTITION BY b ORDER BY c) = 1", "t.a", "", "t.b t.c"),
        ("SELECT x AS v FROM t JOIN u ON t.id = u.id", "u.x", "", "t.id u.id"),
        ("SELECT id AS v FROM t JOIN u USING (id)", "t.id u.id", "", "t.id u.id"),
        ("SELECT a AS v FROM t LEFT SEMI JOIN u ON t.id = u.id AND x > 0", "t.a", "", "t.id u.id u.x"),
        ("SELECT a AS v FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id)", "t.a", "", "t.id u.id"),
        ("SELECT a AS v FROM t WHERE b IN (SELECT x FROM u WHERE y = 1)", "t.a", "", "t.b u.x u.y"),
        ("SELECT (SELECT max(x) FROM u WHERE u.id = t.id) AS v FROM t", "u.x", "t.id u.id", ""),
        ("WITH q AS (SELECT a AS p, b FROM t) SELECT p AS v FROM q WHERE b > 1", "t.a", "", "t.b"),
        ("WITH q(p) AS (SELECT a FROM t) SELECT p AS v FROM q", "t.a", "", ""),
        ("WITH t AS (SELECT x AS a FROM u) SELECT a AS v FROM t", "u.x", "", ""),
        ("SELECT p AS v FROM (SELECT a, b FROM t) AS q(p, r)", "t.a", "", ""),
        ("SELECT a AS v FROM t UNION ALL SELECT x FROM u", "t.a u.x", "", ""),
        ("SELECT a AS v FROM t UNION SELECT x FROM u", "t.a u.x", "", "t.a u.x"),
        ("SELECT a AS v FROM t EXCEPT SELECT x FROM u", "t.a u.x", "", "t.a u.x"),
        ("SELECT DISTINCT a AS v FROM t", "t.a", "", "t.a"),
        ("SELECT a AS v FROM t ORDER BY b LIMIT 3", "t.a", "", "t.b"),
        ("SELECT a AS v FROM t ORDER BY b", "t.a", "", ""),
        ("SELECT * EXCEPT (id, b, c) FROM t", "t.a", "", ""),
        ("SELECT s.f AS v FROM w", "w.s", "", ""),
        ("SELECT w.s.f.g AS v FROM w", "w.s", "", ""),
        ("SELECT e AS v FROM w LATERAL VIEW explode(l) q AS e", "w.l", "", "w.l"),
        ("SELECT explode(l) AS v FROM w", "w.l", "", "w.l"),
        ("SELECT transform(l, x -> x + s.f) AS v FROM w", "w.l w.s", "", ""),
        ("SELECT array_agg(a ORDER BY b) AS v FROM t", "t.a", "t.b", ""),
        ("SELECT c.s.t.a AS v FROM c.s.t", "t.a", "", ""),
        ("SELECT A AS v FROM t AS Q WHERE q.B > 1", "t.a", "", "t.b"),
        ("SELECT p.v FROM (SELECT a + 1 AS k, k * b AS v FROM t) p", "t.a t.b", "", ""),
        ("SELECT price AS v FROM read_files('/Volumes/c/s/v/f.csv') WHERE city = 'x'", "files.price", "", "files.city"),
        ("SELECT count(*) AS v FROM t", "", "", ""),
        ("SELECT 1 AS v", "", "", ""),
    ],
)
def test_a_column_comes_from(sql: str, direct: str, indirect: str, rows: str) -> None:
    flow, _, names = analysed(sql)

    found = flow.of(["v"])
    assert found is not None
    assert spelled(found[0].direct, names) == direct
    assert spelled(found[0].indirect, names) == indirect
    assert spelled(flow.rows, names) == rows


def test_a_star_over_a_file_takes_the_names_that_the_engine_tells() -> None:
    flow, _, names = analysed("SELECT a AS first, f.* FROM t CROSS JOIN read_files('/Volumes/c/s/v/f.csv') AS f")

    found = flow.of(["first", "city", "price"])
    assert found is not None
    assert [spelled(each.direct, names) for each in found] == ["t.a", "files.city", "files.price"]


# -- changing a column changes only what its lineage names ---------------------------------------------------------

_VALUES = st.sampled_from(["a", "b", "c", "a + b", "b - c", "CASE WHEN c > 2 THEN a ELSE b END", "coalesce(a, 0)",
                           "greatest(a, b)", "q1.id * 2", "if(a > b, c, 1)"])  # fmt: skip
_CONDITIONS = st.sampled_from(
    ["a > 2", "b IS NOT NULL", "a < b", "c IN (1, 2, 3)", "EXISTS (SELECT 1 FROM u WHERE u.id = q1.id AND x > 2)",
     "a IN (SELECT x FROM u WHERE y > 1)", "true"]
)  # fmt: skip
_JOINS = st.sampled_from(["", "JOIN u ON q1.id = u.id", "LEFT JOIN u ON q1.a = u.x", "LEFT SEMI JOIN u ON q1.b = u.y",
                          "LEFT ANTI JOIN u ON q1.id = u.x", "JOIN u USING (id)"])  # fmt: skip
_WINDOWS = st.sampled_from(["sum(a) OVER (PARTITION BY b)", "max(c) OVER (ORDER BY a, b, c, q1.id)",
                            "rank() OVER (PARTITION BY c ORDER BY b)",
                            "(SELECT max(x) FROM u WHERE u.id = q1.id)",
                            "(SELECT count(*) FROM u WHERE y > 2)"])  # fmt: skip
_AGGREGATES = st.sampled_from(["sum(a)", "max(b) FILTER (WHERE c > 1)", "count(DISTINCT c)", "count(*)", "min(a + b)"])


@st.composite
def queries(draw: st.DrawFn, depth: int = 2) -> str:
    """A query that gives the columns id, a, b, c."""
    if depth == 0:
        return "SELECT id, a, b, c FROM t"
    source = "t" if draw(st.booleans()) else f"({draw(queries(depth - 1))})"
    shape = draw(st.sampled_from(["plain", "plain", "grouped", "set", "distinct", "limited", "cte", "qualify", "star"]))
    where = draw(_CONDITIONS)
    match shape:
        case "grouped":
            key, aggregates, least = draw(_VALUES), [draw(_AGGREGATES) for _ in range(2)], draw(st.integers(0, 3))
            return (f"SELECT {key} AS id, {aggregates[0]} AS a, {aggregates[1]} AS b, count(*) AS c "
                    f"FROM {source} AS q1 WHERE {where} GROUP BY {key} HAVING max(c) > {least}")  # fmt: skip
        case "set":
            word = draw(st.sampled_from(["UNION ALL", "UNION", "EXCEPT", "INTERSECT"]))
            return f"SELECT * FROM {source} AS q1 WHERE {where} {word} SELECT x, id, y, id FROM u"
        case "distinct":
            return f"SELECT DISTINCT {draw(_VALUES)} AS id, a, 1 AS b, {draw(_VALUES)} AS c FROM {source} AS q1"
        case "limited":
            return f"SELECT id, a, b, c FROM {source} AS q1 WHERE {where} ORDER BY b, a, c, id LIMIT 4"
        case "cte":
            return (f"WITH r AS (SELECT id AS k, a AS m, b FROM {source} AS q1 WHERE {where}) "
                    f"SELECT r.k AS id, m AS a, r.b, x AS c FROM r LEFT JOIN u ON r.b = u.id")  # fmt: skip
        case "qualify":
            return (f"SELECT id, a, b, c FROM {source} AS q1 "
                    "QUALIFY row_number() OVER (PARTITION BY b ORDER BY c, a, id) = 1")  # fmt: skip
        case "star":
            return f"SELECT * EXCEPT (a, b, c), {draw(_VALUES)} AS a, {draw(_WINDOWS)} AS b, c FROM {source} AS q1"
        case _:
            join = draw(_JOINS)
            key = "q1.id" if "USING" not in join else "id"
            return (f"SELECT {key} AS id, {draw(_VALUES)} AS a, {draw(_WINDOWS)} AS b, {draw(_VALUES)} AS c "
                    f"FROM {source} AS q1 {join} WHERE {where}")  # fmt: skip


_ROWS = st.lists(st.tuples(*[st.one_of(st.none(), st.integers(0, 4))] * 4), min_size=1, max_size=8)
_MORE = st.lists(st.tuples(*[st.one_of(st.none(), st.integers(0, 4))] * 3), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(queries(), _ROWS, _MORE, st.data())
def test_changing_a_column_changes_only_what_its_lineage_names(sql: str, t: list, u: list, data: st.DataObject) -> None:
    flow, text, names = analysed(sql)
    table = data.draw(st.sampled_from(["t", "u"]))
    column = data.draw(st.sampled_from(SCHEMAS[table]))
    rows = {"t": t, "u": u}
    place = SCHEMAS[table].index(column)
    new = [data.draw(st.one_of(st.none(), st.integers(0, 4))) for _ in rows[table]]
    changed = {
        **rows,
        table: [(*row[:place], value, *row[place + 1 :]) for row, value in zip(rows[table], new, strict=True)],
    }

    before, after = (answers(text, names, each) for each in (rows, changed))

    touched = {(alias, column) for alias, name in names.items() if name == table}
    if touched & flow.rows:
        return
    flows = flow.of(list(before))
    assert flows is not None
    for (name, values), each in zip(before.items(), flows, strict=True):
        if not touched & each.everything:
            assert values == after[name], f"{table}.{column} changes {name} of {sql}"


def answers(text: str, names: Mapping[str, str], rows: Mapping[str, list]) -> dict[str, list]:
    """The values of each column, in an order that does not depend on the engine's."""
    with duckdb.connect() as engine:
        lay_rules(engine, text)
        for alias, name in names.items():
            columns = ", ".join(f"{column} BIGINT" for column in SCHEMAS[name])
            engine.execute(f"CREATE TABLE {alias} ({columns})")
            engine.executemany(
                f"INSERT INTO {alias} VALUES ({', '.join('?' * len(SCHEMAS[name]))})", [list(row) for row in rows[name]]
            )
        found = engine.execute(text)
        titles = [column[0] for column in found.description or ()]
        table = found.fetchall()
    return {
        name: sorted((row[place] for row in table), key=lambda value: (value is None, value))
        for place, name in enumerate(titles)
    }


# -- statements that write ------------------------------------------------------------------------------------------


def latest(catalog, table: str) -> dict[str, ColumnFlow | None]:
    """What the last write into a table took from each source."""
    target = LineageNode(NodeKind.TABLE, table)
    with_source = catalog.lineage.edges(catalog.identities.principal("root"), EdgeFilter(target=target))
    version = max(each.edge.target.version for each in with_source)
    return {
        each.edge.source.name: each.edge.columns
        for each in with_source
        if each.edge.source is not None and each.edge.target.version == version
    }


def test_create_table_as_select_keeps_its_columns(session, catalog) -> None:
    session.sql("CREATE TABLE dev.shop.orders (id INT, price INT, city STRING)")

    session.sql(
        "CREATE TABLE dev.shop.totals AS SELECT city, sum(price) AS total FROM dev.shop.orders WHERE id > 0 GROUP BY 1"
    )

    flow = latest(catalog, "dev.shop.totals")["dev.shop.orders"]
    assert flow == ColumnFlow({"city": ("city",), "total": ("price",)}, {}, ("city", "id"))


def test_an_insert_maps_columns_by_the_names_of_the_target(session, catalog) -> None:
    session.sql("CREATE TABLE dev.shop.orders (id INT, price INT)")
    session.sql("CREATE TABLE dev.shop.copies (a INT, b INT, c INT)")

    session.sql("INSERT INTO dev.shop.copies (c, a) SELECT id, price FROM dev.shop.orders")

    flow = latest(catalog, "dev.shop.copies")["dev.shop.orders"]
    assert flow == ColumnFlow({"c": ("id",), "a": ("price",)})


def test_files_of_a_volume_are_sources_by_the_names_in_the_file(session, catalog) -> None:
    session.sql("CREATE VOLUME dev.shop.landing")
    session.upload("/Volumes/dev/shop/landing/a.csv", b"ID,city\n1,NYC\n")
    session.sql("CREATE TABLE dev.shop.copied (id INT, city STRING, extra INT)")

    session.sql(
        "COPY INTO dev.shop.copied FROM '/Volumes/dev/shop/landing/a.csv' "
        "FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true')"
    )
    session.sql("CREATE TABLE dev.shop.read AS SELECT * FROM read_files('/Volumes/dev/shop/landing/a.csv')")

    assert latest(catalog, "dev.shop.copied")["dev.shop.landing"] == ColumnFlow({"id": ("ID",), "city": ("city",)})
    assert latest(catalog, "dev.shop.read")["dev.shop.landing"] == ColumnFlow({"ID": ("ID",), "city": ("city",)})


def test_a_write_from_memory_shows_its_gap(session, catalog) -> None:
    session.sql("CREATE TABLE dev.shop.orders (id INT)")

    session.write_table("dev.shop.scored", session.table("dev.shop.orders").arrow())

    target = LineageNode(NodeKind.TABLE, "dev.shop.scored")
    [edge] = catalog.lineage.edges(session.principal, EdgeFilter(target=target))
    assert (edge.edge.source, edge.edge.columns) == (None, None)


def test_the_system_table_has_one_row_per_pair_of_columns(session) -> None:
    session.sql("CREATE TABLE dev.shop.orders (id INT, price INT, city STRING)")
    session.sql("CREATE TABLE dev.shop.sums AS SELECT city, price + id AS v FROM dev.shop.orders WHERE id > 0")

    rows = session.sql(
        "SELECT source_table_full_name, source_column_name, target_table_full_name, target_column_name, source_version "
        "FROM system.access.column_lineage WHERE target_table_name = 'sums' ORDER BY 2"
    ).arrow()

    assert [tuple(row.values()) for row in rows.to_pylist()] == [
        ("dev.shop.orders", "city", "dev.shop.sums", "city", 0),
        ("dev.shop.orders", "id", "dev.shop.sums", "v", 0),
        ("dev.shop.orders", "price", "dev.shop.sums", "v", 0),
    ]


def test_columns_are_followed_through_a_view_and_changes_in_place(session, catalog) -> None:
    session.sql("CREATE TABLE dev.shop.orders (id INT, price INT, city STRING)")
    session.sql("INSERT INTO dev.shop.orders VALUES (1, 2, 'NYC')")
    session.sql("CREATE VIEW dev.shop.cheap AS SELECT id, price * 2 AS double FROM dev.shop.orders WHERE price < 9")
    session.sql("CREATE TABLE dev.shop.kept AS SELECT id, double FROM dev.shop.cheap")
    session.sql("UPDATE dev.shop.kept SET double = id WHERE id > 0")

    asked = catalog.lineage.find(session.principal, "dev.shop.kept.double")
    steps = catalog.lineage.columns_up(session.principal, asked).steps

    assert {(step.source.node.name, step.source.column, step.target.column) for step in steps} == {
        ("dev.shop.cheap", "double", "double"),
        ("dev.shop.orders", "price", "double"),
        ("dev.shop.kept", "id", "double"),
        ("dev.shop.cheap", "id", "id"),
        ("dev.shop.orders", "id", "id"),
    }
