"""Who may keep, open and change saved queries: the service over a real law."""

from collections.abc import Callable

import pytest

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput, NotFound
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.session import Session
from boathouse.session.saved_queries.nouns import Plot, PlotKind, QueryDraft, Sharing, statement_parameters
from boathouse.session.saved_queries.reading import only_reads, tables_read
from boathouse.session.saved_queries.service import SavedQueries

ORDERS = "SELECT sum(amount) AS s FROM dev.shop.orders"


@pytest.fixture
def queries(catalog: Catalog) -> SavedQueries:
    return SavedQueries(catalog.database, catalog, SystemClock())


@pytest.fixture
def root(session: Session, catalog: Catalog) -> Principal:
    session.sql("CREATE TABLE dev.shop.orders (amount INT)")
    return catalog.identities.principal("root")


@pytest.fixture
def ann(catalog: Catalog) -> Principal:
    catalog.identities.create_user(SYSTEM, "ann")
    return catalog.identities.principal("ann")


def test_a_query_comes_back_as_it_was_kept(queries: SavedQueries, root: Principal) -> None:
    draft = QueryDraft("Sales", ORDERS, "by day", plot=Plot(PlotKind.BAR, "day", ("s", "t")), sharing=Sharing.SHARED)

    made = queries.create(root, draft)

    assert queries.get(root, made.id) == made
    assert (made.draft, made.owner, made.reads) == (draft, "root", ("dev.shop.orders",))


def test_a_private_query_is_its_owners(queries: SavedQueries, ann: Principal, session_of: Callable[..., Session]):
    session_of("bob")
    made = queries.create(ann, QueryDraft("Mine", "SELECT 1"))
    bob = queries._catalog.identities.principal("bob")

    with pytest.raises(NotFound, match="no saved query"):
        queries.get(bob, made.id)
    assert queries.list(bob) == []
    assert [each.id for each in queries.list(ann)] == [made.id]


def test_a_shared_query_opens_for_who_may_read_its_tables(
    queries: SavedQueries, root: Principal, ann: Principal, session_of: Callable[..., Session], catalog: Catalog
) -> None:
    session_of("bob", Privilege.SELECT)
    bob = catalog.identities.principal("bob")
    made = queries.create(root, QueryDraft("Sales", ORDERS, sharing=Sharing.SHARED))

    assert queries.get(bob, made.id).draft.text == ORDERS
    assert [each.id for each in queries.list(bob)] == [made.id]
    with pytest.raises(NotFound):
        queries.get(ann, made.id)
    with pytest.raises(Denied, match="belongs to root"):
        queries.update(bob, made.id, QueryDraft("Theirs", "SELECT 2"))
    with pytest.raises(Denied):
        queries.delete(bob, made.id)


def test_only_a_query_can_be_shared(queries: SavedQueries, root: Principal) -> None:
    for text in ("DELETE FROM dev.shop.orders", "SELEC 1", "SELECT * FROM orders"):
        with pytest.raises(InvalidInput, match="cannot be shared"):
            queries.create(root, QueryDraft("x", text, sharing=Sharing.SHARED))
        queries.create(root, QueryDraft(text, text))


def test_a_name_is_an_owners_once(queries: SavedQueries, ann: Principal, root: Principal) -> None:
    queries.create(ann, QueryDraft("Sales", "SELECT 1"))
    queries.create(root, QueryDraft("Sales", "SELECT 1"))

    with pytest.raises(AlreadyExists, match="Give it another name"):
        queries.create(ann, QueryDraft("Sales", "SELECT 2"))
    assert queries.create(ann, QueryDraft("Sales", "SELECT 2"), may_rename=True).draft.name == "Sales (2)"


def test_a_query_is_changed_given_away_and_forgotten(queries: SavedQueries, ann: Principal, root: Principal) -> None:
    made = queries.create(ann, QueryDraft("Sales", "SELECT 1"))

    changed = queries.update(ann, made.id, QueryDraft("Sales", "SELECT 2"), owner="root")

    assert (changed.owner, changed.draft.text, changed.changed_by) == ("root", "SELECT 2", "ann")
    queries.delete(root, made.id)
    with pytest.raises(NotFound):
        queries.get(root, made.id)


def test_what_is_missing_is_said(queries: SavedQueries, ann: Principal) -> None:
    for draft in (QueryDraft(" ", "SELECT 1"), QueryDraft("x", " "), QueryDraft("x" * 256, "SELECT 1")):
        with pytest.raises(InvalidInput):
            queries.create(ann, draft)


def test_the_tables_of_a_query_are_known_by_their_full_names() -> None:
    draft = QueryDraft(
        "x", "WITH a AS (SELECT 1) SELECT * FROM a, orders o JOIN main.x.y", catalog="dev", schema="shop"
    )

    assert tables_read(draft) == ("dev.shop.orders", "main.x.y")


def test_only_queries_only_read() -> None:
    assert only_reads("WITH a AS (SELECT 1) SELECT * FROM a")
    for text in ("DROP TABLE a.b.c", "INSERT INTO a.b.c VALUES (1)", "no sql", ""):
        assert not only_reads(text)


def test_parameters_become_those_of_a_statement() -> None:
    given = [
        {"name": "origin", "text_value": {"value": "JFK"}},
        {"name": "most", "numeric_value": {"value": 3}},
        {"name": "day", "date_value": {"date_value": "2013-01-01"}},
    ]

    assert statement_parameters(given) == (
        {"name": "origin", "value": "JFK", "type": "STRING"},
        {"name": "most", "value": "3", "type": "DOUBLE"},
        {"name": "day", "value": "2013-01-01", "type": "DATE"},
    )
    with pytest.raises(InvalidInput, match="no value that a query can take"):
        statement_parameters([{"name": "x", "query_backed_value": {}}])


def test_a_plot_that_is_none_is_refused() -> None:
    for data in (
        {"kind": "pie", "x": "a", "y": ["b"]},
        {"kind": "line", "x": "a", "y": []},
        {"kind": "bar", "y": ["b"]},
    ):
        with pytest.raises(InvalidInput):
            Plot.from_json(data)
