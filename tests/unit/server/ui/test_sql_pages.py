"""What the SQL page makes of a text and of a result."""

from boathouse.server.ui.pages.sql.editor import place_of
from boathouse.server.ui.pages.sql.names import mentioned
from boathouse.server.ui.pages.sql.parameters import parameters_in, saved, shown, typed
from boathouse.server.ui.pages.sql.plotting import Columns, missing, options, suggested
from boathouse.server.ui.pages.sql.result import rows_within
from boathouse.server.ui.parts.grid import LONGEST_TEXT, Exact, Grid
from boathouse.session.saved_queries.nouns import Plot, PlotKind

COLUMNS = Columns(("day", "late", "origin"), ("DATE", "DOUBLE", "STRING"))
ROWS = [["2013-01-01", "0.5", "JFK"], ["2013-01-02", None, "<b>"], ["2013-01-03", "NaN", None]]


def test_tables_are_known_by_their_aliases() -> None:
    text = "SELECT * FROM prod.flights.weather w JOIN `prod`.flights.`my planes` AS p ON w.a = p.a, other.x WHERE"

    assert mentioned(text) == {
        "weather": "prod.flights.weather",
        "w": "prod.flights.weather",
        "my planes": "prod.flights.my planes",
        "p": "prod.flights.my planes",
    }
    assert mentioned("select * from a.b.c where x") == {"c": "a.b.c"}


def test_parameters_are_found_outside_of_texts_and_comments() -> None:
    text = "SELECT ':no', x::INT, `a:b` -- :not\n FROM t WHERE a = :origin AND b > :most /* :nor */ AND c = :origin"

    assert parameters_in(text) == ["origin", "most"]


def test_a_parameter_has_the_type_that_it_looks_like() -> None:
    kinds = {value: typed("x", value).get("type") for value in ("3", "-2.5", "1e3", "2013-01-01", "JFK", "", "3a")}

    assert kinds == {"3": "BIGINT", "-2.5": "DOUBLE", "1e3": "DOUBLE", "2013-01-01": "DATE", "JFK": "STRING", "": None,
                     "3a": "STRING"}  # fmt: skip


def test_a_kept_parameter_comes_back_as_it_was_typed() -> None:
    for value in ("3", "2.5", "2013-01-01", "JFK"):
        assert shown(saved("x", value)) == ("x", value)


def test_instants_make_an_axis_of_time_and_gaps_stay_gaps() -> None:
    drawn = options(Plot(PlotKind.LINE, "day", ("late",)), COLUMNS, ROWS)

    assert drawn["xAxis"]["type"] == "time"
    assert drawn["series"][0]["data"] == [["2013-01-01", 0.5], ["2013-01-02", None], ["2013-01-03", None]]


def test_bars_stand_over_names() -> None:
    drawn = options(Plot(PlotKind.BAR, "origin", ("late",)), COLUMNS, ROWS)

    assert drawn["xAxis"]["type"] == "category"
    assert drawn["xAxis"]["data"] == ["JFK", "<b>", "null"]
    assert drawn["series"][0]["data"] == [0.5, None, None]


def test_a_plot_is_suggested_where_there_are_numbers() -> None:
    assert suggested(COLUMNS) == Plot(PlotKind.LINE, "day", ("late",))
    assert suggested(Columns(("a",), ("STRING",))) is None
    assert missing(Plot(PlotKind.LINE, "day", ("late", "gone")), COLUMNS) == ["gone"]


def test_an_error_says_where_it_is() -> None:
    assert place_of("Syntax error at line 2, column 7: it cannot be read") == (2, 7)
    assert place_of("Table a.b.c was not found.") is None


def test_of_a_wide_result_fewer_rows_are_taken() -> None:
    taken = {columns: rows_within(columns, 1_000, 50_000) for columns in (0, 10, 100, 5_000, 60_000)}

    assert taken == {0: 1_000, 10: 1_000, 100: 500, 5_000: 10, 60_000: 1}


def test_a_long_text_is_cut_in_its_cell_and_says_how_long_it_is() -> None:
    (cell,) = Grid(["big"], [[Exact("x" * 10_000_000)]], label="Result", per_page=1).props["rows"][0]

    assert cell["text"] == "x" * LONGEST_TEXT + "… (10,000,000 letters)"
    assert len(cell["key"]) < LONGEST_TEXT + 30
