"""Training sets over real tables: what is asked for is what comes, and mistakes are told before anything is read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from boathouse.features.client import FeatureEngineeringClient
from boathouse.features.lookups import FeatureFunction, FeatureLookup
from boathouse.features.specs.resolving import LatestValues
from boathouse.foundation.errors import BoathouseError, Denied, InvalidInput, NotFound
from boathouse.session import Session

WEATHER, PLANES = "dev.shop.weather", "dev.shop.planes"


def hour(number: int) -> datetime:
    return datetime(2013, 1, 1, number, tzinfo=UTC)


@pytest.fixture
def fe(session: Session) -> FeatureEngineeringClient:
    """Weather by origin and hour, known half an hour later; planes that do not change."""
    fe = FeatureEngineeringClient(session=session)
    rows = pa.table(
        {
            "origin": ["EWR", "EWR", "JFK"],
            "hour": pa.array([hour(1), hour(3), hour(1)], pa.timestamp("us", "UTC")),
            "seen": pa.array([hour(1) + timedelta(minutes=30), hour(4), hour(1)], pa.timestamp("us", "UTC")),
            "temp": [1.0, 3.0, None],
            "wind": pa.array([10, 30, 20], pa.int32()),
        }
    )
    fe.create_table(name=WEATHER, primary_keys=["origin"], df=rows, timeseries_column="hour", known_time="seen")
    planes = pa.table({"tail": ["N1", "N2"], "built": pa.array([1999, 2004], pa.int32())})
    fe.create_table(name=PLANES, primary_keys="tail", df=planes)
    return fe


def labels() -> pa.Table:
    return pa.table(
        {
            "id": [1, 2, 3, 4],
            "origin": ["JFK", "EWR", "EWR", "LGA"],
            "at": pa.array([hour(2), hour(2), hour(5), hour(2)], pa.timestamp("us", "UTC")),
            "tail": ["N1", "N9", "N2", None],
            "late": [True, False, False, True],
        }
    )


def weather(**options: Any) -> FeatureLookup:
    return FeatureLookup(WEATHER, lookup_key="origin", timestamp_lookup_key="at", **options)


def planes(**options: Any) -> FeatureLookup:
    return FeatureLookup(PLANES, lookup_key="tail", **options)


def test_rows_keep_their_order_and_get_their_features(fe: FeatureEngineeringClient) -> None:
    made = fe.create_training_set(
        df=labels(), feature_lookups=[weather(), planes()], label="late", exclude_columns=["id"]
    )
    assert made.load_df().to_pydict() == {
        "origin": ["JFK", "EWR", "EWR", "LGA"],
        "at": labels().column("at").to_pylist(),
        "tail": ["N1", "N9", "N2", None],
        "late": [True, False, False, True],
        "temp": [None, 1.0, 3.0, None],
        "wind": [20, 10, 30, None],
        "built": [1999, None, 2004, None],
    }
    assert made.inputs == ["temp", "wind", "built"]
    assert made.labels == ("late",)
    assert [(each.rows, each.matched) for each in made.report] == [(4, 3), (4, 2)]


@pytest.mark.parametrize("kind", ["pandas", "polars", "lazy", "arrow", "result"])
def test_a_frame_comes_back_as_it_was_given(fe: FeatureEngineeringClient, session: Session, kind: str) -> None:
    table = labels()
    session.write_table("dev.shop.labels", table)
    frames: dict[str, Any] = {
        "pandas": table.to_pandas().set_index(pd.Index([9, 8, 7, 6])),
        "polars": pl.from_arrow(table),
        "lazy": pl.DataFrame(pl.from_arrow(table)).lazy(),
        "arrow": table,
        "result": session.table("dev.shop.labels"),
    }
    made = fe.create_training_set(df=frames[kind], feature_lookups=[weather(feature_names="wind")], label="late")
    found = made.load_df()
    assert type(found) is {"pandas": pd.DataFrame, "polars": pl.DataFrame, "lazy": pl.DataFrame}.get(kind, pa.Table)
    assert list(found["id"].to_pylist() if isinstance(found, pa.Table) else found["id"]) == [1, 2, 3, 4]
    if kind == "pandas":
        assert list(found.index) == [9, 8, 7, 6]
        assert found["wind"].fillna(-1).tolist() == [20, 10, 30, -1]


def test_what_was_read_once_is_read_again(fe: FeatureEngineeringClient, session: Session) -> None:
    made = fe.create_training_set(df=labels(), feature_lookups=[weather(), planes()], label=None)
    before = made.load_df()
    fe.write_table(name=PLANES, df=pa.table({"tail": ["N1", "N9"], "built": pa.array([1900, 1901], pa.int32())}))
    session.sql(f"DELETE FROM {WEATHER}")
    assert made.load_df() == before
    again = fe.create_training_set(
        df=labels(), feature_lookups=[weather(), planes()], label=None, table_versions=made.table_versions
    )
    assert again.load_df() == before
    newest = fe.create_training_set(df=labels(), feature_lookups=[weather(), planes()], label=None).load_df()
    assert newest.column("built").to_pylist() == [1900, 1901, 2004, None]
    assert newest.column("temp").null_count == 4


def test_nothing_of_a_pandas_frame_changes_a_set_afterwards(fe: FeatureEngineeringClient) -> None:
    frame = labels().to_pandas()
    made = fe.create_training_set(df=frame, feature_lookups=[planes()], label="late")
    frame["tail"] = "N2"
    frame.loc[0, "late"] = False
    assert made.load_df()["built"].tolist()[0] == 1999
    assert made.load_df()["late"].tolist() == [True, False, False, True]


def test_a_table_may_be_looked_up_more_than_once(fe: FeatureEngineeringClient) -> None:
    frame = labels().append_column("dest", pa.array(["EWR", "JFK", "JFK", "EWR"]))
    there = FeatureLookup(
        WEATHER, lookup_key="dest", timestamp_lookup_key="at", feature_names=["wind"],
        rename_outputs={"wind": "dest_wind"},
        default_values={"wind": 0},
    )  # fmt: skip
    made = fe.create_training_set(df=frame, feature_lookups=[weather(feature_names=["wind"]), there], label="late")
    assert made.load_df().column("dest_wind").to_pylist() == [10, 20, 20, 10]
    assert made.spec.tables == (made.spec.lookups[0].table,)


def test_defaults_stand_where_nothing_matches(fe: FeatureEngineeringClient) -> None:
    made = fe.create_training_set(
        df=labels(), feature_lookups=[weather(default_values={"temp": 0, "wind": -1})], label="late"
    )
    found = made.load_df()
    assert found.column("temp").to_pylist() == [0.0, 1.0, 3.0, 0.0]
    assert found.column("wind").to_pylist() == [20, 10, 30, -1]


def test_clocks_can_be_looked_up_by_name(fe: FeatureEngineeringClient) -> None:
    made = fe.create_training_set(df=labels(), feature_lookups=[weather(feature_names=["hour", "seen"])], label="late")
    assert made.load_df().column("hour").to_pylist() == [hour(1), hour(1), hour(3), None]
    assert made.load_df().column("seen").to_pylist()[2] == hour(4)


def test_functions_compute_from_columns_and_features_in_their_order(
    fe: FeatureEngineeringClient, session: Session
) -> None:
    session.sql("CREATE FUNCTION dev.shop.age(built INT, `at` TIMESTAMP) RETURNS INT RETURN year(`at`) - built")
    session.sql(
        "CREATE FUNCTION dev.shop.old(age INT) RETURNS BOOLEAN LANGUAGE PYTHON "
        "AS $$\nreturn age is not None and age > 10\n$$"
    )
    wishes = [
        planes(),
        FeatureFunction("dev.shop.age"),
        FeatureFunction("dev.shop.old", {"age": "age"}, "is_old"),
    ]
    made = fe.create_training_set(df=labels(), feature_lookups=wishes, label="late", exclude_columns=["age"])
    found = made.load_df()
    assert "age" not in found.schema.names
    assert found.column("is_old").to_pylist() == [True, False, False, False]
    with pytest.raises(InvalidInput, match=r"takes age from the column age, which is not there"):
        fe.create_training_set(df=labels(), feature_lookups=[wishes[2], planes(), wishes[1]], label="late")


def test_only_the_rows_of_a_head_are_looked_up(fe: FeatureEngineeringClient) -> None:
    made = fe.create_training_set(df=labels(), feature_lookups=[planes()], label="late")
    assert made.head(2).column("built").to_pylist() == [1999, None]
    assert made.report[0].rows == 4


def test_without_a_time_the_latest_known_values_come_with_a_warning(fe: FeatureEngineeringClient) -> None:
    lookup = FeatureLookup(WEATHER, lookup_key="origin", feature_names="wind")
    with pytest.warns(LatestValues, match="values of their future"):
        made = fe.create_training_set(df=labels(), feature_lookups=[lookup], label="late")
    assert made.load_df().column("wind").to_pylist() == [20, 30, 30, None]


def test_the_corrected_view_counts_what_differs(fe: FeatureEngineeringClient) -> None:
    rows = pa.table(
        {
            "origin": ["EWR"], "hour": pa.array([hour(1)], pa.timestamp("us", "UTC")),
            "seen": pa.array([hour(9)], pa.timestamp("us", "UTC")), "temp": [1.5], "wind": pa.array([10], pa.int32()),
        }
    )  # fmt: skip
    fe.write_table(name=WEATHER, df=rows)
    known = fe.create_training_set(df=labels(), feature_lookups=[weather()], label="late")
    latest = fe.create_training_set(df=labels(), feature_lookups=[weather()], label="late", as_of="latest")
    assert known.load_df().column("temp").to_pylist() == [None, 1.0, 3.0, None]
    assert latest.load_df().column("temp").to_pylist() == [None, 1.5, 3.0, None]
    assert dict(latest.report[0].differing) == {"temp": 1, "wind": 0}


ODD_LOOKUPS: list[tuple[FeatureLookup | FeatureFunction, type[BoathouseError], str]] = [
    (FeatureLookup("dev.shop.wether", lookup_key="origin"), NotFound, "wether was not found"),
    (weather(feature_names="tmp"), NotFound, r"no feature tmp\. Did you mean temp"),
    (weather(feature_names="origin"), InvalidInput, "part of the key"),
    (FeatureLookup(WEATHER, lookup_key="orign"), InvalidInput, "no column orign.*Did you mean origin"),
    (weather(rename_outputs={"tmp": "t"}), InvalidInput, "rename_outputs .* tmp, which is not looked up"),
    (weather(default_values={"tmp": 1}), InvalidInput, "default_values .* tmp"),
    (weather(default_values={"wind": "x"}), InvalidInput, r"'x' of dev\.shop\.weather\.wind is no INT"),
    (weather(rename_outputs={"temp": "wind"}), InvalidInput, "column wind comes from table .* and from table"),
    (
        planes(rename_outputs={"built": "Late"}),
        InvalidInput,
        r"Late comes from the frame and from table dev\.shop\.planes.*rename_outputs",
    ),
    (
        FeatureLookup(WEATHER, lookup_key=["origin", "at"]),
        InvalidInput,
        r"key of dev\.shop\.weather is \(origin\), and lookup_key names 2.*timestamp_lookup_key",
    ),
    (FeatureLookup(WEATHER, lookup_key="origin", timestamp_lookup_key="when"), InvalidInput, "no column when"),
    (planes(lookback_window=timedelta(1)), InvalidInput, "lookback_window"),
    (weather(lookback_window=timedelta(-1)), InvalidInput, "lies in the future"),
    (FeatureFunction("dev.shop.nothing"), NotFound, "nothing was not found"),
]


@pytest.mark.parametrize(("lookup", "kind", "message"), ODD_LOOKUPS)
def test_mistakes_in_a_lookup_are_told_when_the_set_is_made(
    fe: FeatureEngineeringClient, lookup: FeatureLookup | FeatureFunction, kind: type[BoathouseError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        fe.create_training_set(df=labels(), feature_lookups=[lookup], label="late")


MISTAKES: list[tuple[dict[str, Any], type[BoathouseError], str]] = [
    ({"feature_lookups": []}, InvalidInput, "No features"),
    ({"feature_lookups": None}, InvalidInput, "either feature_lookups or a feature_spec"),
    ({"label": "lat"}, InvalidInput, r"no column lat, which is to be the label\. Did you mean late"),
    ({"exclude_columns": ["temperature"]}, InvalidInput, "neither a column of the frame nor a feature"),
    ({"exclude_columns": ["late"]}, InvalidInput, "The label late is among exclude_columns"),
    ({"table_versions": {PLANES: 0}}, InvalidInput, "from which nothing is looked up"),
    ({"table_versions": {WEATHER: 99}}, BoathouseError, "99"),
    ({"as_of": "now"}, InvalidInput, "as_of"),
    ({"df": [1, 2]}, InvalidInput, "no frame"),
    ({"df": labels().drop_columns(["origin"])}, InvalidInput, "no column origin"),
]


@pytest.mark.parametrize(("changed", "kind", "message"), MISTAKES)
def test_mistakes_are_told_when_the_set_is_made(
    fe: FeatureEngineeringClient, changed: dict[str, Any], kind: type[BoathouseError], message: str
) -> None:
    options = {"df": labels(), "feature_lookups": [weather()], "label": "late", **changed}
    with pytest.raises(kind, match=message):
        fe.create_training_set(**options)


def test_a_table_without_a_key_is_no_feature_table(fe: FeatureEngineeringClient, session: Session) -> None:
    session.write_table("dev.shop.plain", pa.table({"tail": ["N1"], "x": [1]}))
    lookup = FeatureLookup("dev.shop.plain", lookup_key="tail")
    with pytest.raises(InvalidInput, match="has no primary key"):
        fe.create_training_set(df=labels(), feature_lookups=[lookup], label="late")


def test_each_table_needs_select(
    fe: FeatureEngineeringClient, session: Session, session_of: Callable[..., Session]
) -> None:
    eve = FeatureEngineeringClient(session=session_of("eve"))
    session.sql(f"GRANT SELECT ON TABLE {WEATHER} TO eve")
    made = eve.create_training_set(df=labels(), feature_lookups=[weather()], label="late")
    assert made.load_df().num_rows == 4
    with pytest.raises((Denied, NotFound), match=PLANES):
        eve.create_training_set(df=labels(), feature_lookups=[weather(), planes()], label="late")
    session.sql("CREATE FUNCTION dev.shop.f(x DOUBLE) RETURNS DOUBLE RETURN x")
    wishes = [weather(), FeatureFunction("dev.shop.f", {"x": "temp"})]
    with pytest.raises((Denied, NotFound), match=r"dev\.shop\.f"):
        eve.create_training_set(df=labels(), feature_lookups=wishes, label="late")
    session.sql("GRANT EXECUTE ON FUNCTION dev.shop.f TO eve")
    assert eve.create_training_set(df=labels(), feature_lookups=wishes, label="late").load_df().num_rows == 4


def test_an_empty_frame_gives_an_empty_set(fe: FeatureEngineeringClient, session: Session) -> None:
    session.sql("CREATE FUNCTION dev.shop.f(x INT) RETURNS DOUBLE LANGUAGE PYTHON AS $$\nreturn x * 1.5\n$$")
    wishes = [weather(), planes(), FeatureFunction("dev.shop.f", {"x": "wind"})]
    found = fe.create_training_set(df=labels().slice(0, 0), feature_lookups=wishes, label="late").load_df()
    assert found.num_rows == 0
    assert found.schema.field("f").type == pa.float64()


def test_keys_and_instants_of_other_types_are_told_when_the_set_is_made(fe: FeatureEngineeringClient) -> None:
    odd = labels().set_column(1, "origin", pa.array([1, 2, 3, 4]))
    with pytest.raises(InvalidInput, match="origin"):
        fe.create_training_set(df=odd, feature_lookups=[weather()], label="late")
    naive = labels().set_column(2, "at", labels().column("at").cast(pa.timestamp("us")))
    with pytest.raises(InvalidInput, match="zone"):
        fe.create_training_set(df=naive, feature_lookups=[weather()], label="late")


def test_a_feature_cannot_be_named_as_predictions_are(fe: FeatureEngineeringClient) -> None:
    renamed = planes(rename_outputs={"built": "prediction"})
    made = fe.create_training_set(df=labels(), feature_lookups=[renamed], label="late")
    with pytest.raises(InvalidInput, match="is named prediction"):
        fe.log_model(model=object(), name="model", flavor=pd, training_set=made)


def test_arguments_that_cannot_be_are_told_by_name(fe: FeatureEngineeringClient) -> None:
    odd: Any
    for odd, message in (
        ({"lookback_window": 3600}, "which is no timedelta"),
        ({"rename_outputs": {"temp": ""}}, "calls temp '', which is no name"),
        ({"rename_outputs": {"temp": None}}, "calls temp None, which is no name"),
    ):
        with pytest.raises(InvalidInput, match=message):
            weather(**odd)
    for odd, message in (
        (weather(), "asked for as a list, not as a FeatureLookup"),
        ((each for each in [weather()]), "asked for as a list, not as a generator"),
        ([WEATHER], "neither a FeatureLookup nor"),
    ):
        with pytest.raises(InvalidInput, match=message):
            fe.create_training_set(df=labels(), feature_lookups=odd, label=None)
    with pytest.raises(InvalidInput, match=r"default value 1.5 of .*wind is no INT"):
        fe.create_training_set(df=labels(), feature_lookups=[weather(default_values={"wind": 1.5})], label=None)
    odd = {WEATHER: "0"}
    with pytest.raises(InvalidInput, match=r"version of .* is '0', which is no number"):
        fe.create_training_set(df=labels(), feature_lookups=[weather()], label=None, table_versions=odd)


def test_a_frame_is_no_training_set(fe: FeatureEngineeringClient) -> None:
    odd: Any = fe.create_training_set(df=labels(), feature_lookups=[weather()], label=None).load_df()
    with pytest.raises(InvalidInput, match="training_set is a Table, no training set"):
        fe.log_model(model=None, name="model", flavor=None, training_set=odd)


def test_a_default_that_no_recipe_can_keep_is_refused_at_once(fe: FeatureEngineeringClient) -> None:
    rows = pa.table({"tail": ["N1"], "engine": [{"kind": "jet"}]})
    fe.create_table(name="dev.shop.engines", primary_keys="tail", df=rows)
    wish = FeatureLookup("dev.shop.engines", lookup_key="tail", default_values={"engine": {"kind": "none"}})
    with pytest.raises(InvalidInput, match=r"default value .* of dev.shop.engines.engine is no STRUCT"):
        fe.create_training_set(df=labels(), feature_lookups=[wish], label=None)


def test_nothing_of_a_polars_frame_changes_a_set_afterwards(fe: FeatureEngineeringClient) -> None:
    frame = pl.DataFrame(labels())
    made = fe.create_training_set(df=frame, feature_lookups=[weather()], label=None)
    frame[0, "id"] = 99
    frame.drop_in_place("tail")
    assert made.load_df()["id"].to_list() == [1, 2, 3, 4]
    assert "tail" in made.load_df().columns
