"""Feature tables as the client makes, fills and drops them."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from boathouse.catalog import Privilege
from boathouse.features import FeatureEngineeringClient
from boathouse.features.clocks import KnownTime
from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput, NotFound
from boathouse.foundation.names import TableName

NAME = "dev.shop.customers"
T0 = datetime(2013, 5, 1, tzinfo=UTC)


def hours(*values: int | None) -> list[datetime | None]:
    return [None if value is None else T0 + timedelta(hours=value) for value in values]


WITH_TIME = {"primary_keys": "id", "timeseries_column": "ts"}


def rows(ids=(1, 1, 2), at=(0, 1, 0), spent=(1.0, 2.0, 3.0), **more) -> pl.DataFrame:
    return pl.DataFrame({"id": ids, "ts": hours(*at), "spent": spent, **more})


def read(fe, name=NAME, *order: str) -> list[dict]:
    return fe.read_table(name=name).pl().sort(*(order or ("id", "ts"))).to_dicts()


def test_a_feature_table_says_its_key_clocks_features_and_tags(fe):
    made = fe.create_table(
        name=NAME, primary_keys=["id", "ts"], df=rows(seen=hours(1, 2, 3)), timeseries_column="ts",
        description="What they spend.", tags={"team": "sales"}, known_time="seen", freshness=timedelta(hours=2),
    )  # fmt: skip

    assert made == fe.get_table(name=NAME)
    assert (made.name, made.primary_keys, made.timestamp_keys) == (NAME, ["id", "ts"], ["ts"])
    assert (made.entity_keys, made.features, made.known) == (("id",), ["spent"], KnownTime("seen"))
    assert (made.description, made.tags, made.freshness) == ("What they spend.", {"team": "sales"}, timedelta(hours=2))
    assert {column.name: column.nullable for column in made.columns} == {
        "id": False, "ts": False, "spent": True, "seen": True,
    }  # fmt: skip
    assert len(read(fe)) == 3


def test_the_time_column_may_be_left_out_of_the_primary_keys(fe):
    made = fe.create_table(
        name=NAME, primary_keys="id", df=rows(), timeseries_column="ts", known_time=KnownTime(lag=timedelta(minutes=90))
    )

    assert (made.entity_keys, made.primary_keys, made.known.lag) == (("id",), ["id", "ts"], timedelta(minutes=90))


def test_a_table_may_begin_empty_with_a_schema_and_comments_of_its_columns(fe):
    schema = pa.schema([("id", pa.string()), pa.field("age", pa.int32(), metadata={"comment": "In years."})])

    made = fe.create_table(name=NAME, primary_keys="id", schema=schema)

    assert (made.timeseries_column, made.features) == (None, ["age"])
    assert made.column("age").comment == "In years."
    assert read(fe, NAME, "id") == []


@pytest.mark.parametrize("kind", ["polars", "lazy", "pandas", "arrow", "result"])
def test_rows_come_as_any_kind_of_frame(fe, session, kind):
    frame = rows()
    given = {
        "polars": lambda: frame, "lazy": frame.lazy, "pandas": frame.to_pandas, "arrow": frame.to_arrow,
        "result": lambda: session.sql("SELECT 1L AS id, TIMESTAMP '2013-05-01 00:00:00' AS ts, 9.5D AS spent"),
    }[kind]()  # fmt: skip
    fe.create_table(name=NAME, primary_keys="id", df=given, timeseries_column="ts")

    report = fe.write_table(name=NAME, df=given)

    assert report.rows == (1 if kind == "result" else 3)
    assert len(read(fe)) == report.rows


def test_a_pandas_frame_keeps_its_index_to_itself(fe):
    frame = pd.DataFrame({"id": [1, 2], "spent": [1.0, 2.0]}, index=pd.Index([7, 8], name="row"))

    assert fe.create_table(name=NAME, primary_keys="id", df=frame).features == ["spent"]


def test_a_merge_updates_by_key_and_adds(fe):
    fe.create_table(name=NAME, df=rows(), **WITH_TIME)

    fe.write_table(name=NAME, df=rows((1, 3), (1, 0), (20.0, 30.0)))

    assert [(row["id"], row["spent"]) for row in read(fe)] == [(1, 1.0), (1, 20.0), (2, 3.0), (3, 30.0)]


def test_a_correction_is_a_row_of_its_own_where_the_known_time_is_a_column(fe):
    fe.create_table(
        name=NAME,
        primary_keys="id",
        df=rows((1,), (0,), (1.0,), seen=hours(1)),
        timeseries_column="ts",
        known_time="seen",
    )

    fe.write_table(name=NAME, df=rows((1, 1), (0, 0), (2.0, 9.0), seen=hours(5, 1)))

    assert [row["spent"] for row in read(fe, NAME, "seen")] == [9.0, 2.0]


def test_overwriting_replaces_the_rows_and_keeps_what_is_declared(fe):
    made = fe.create_table(
        name=NAME,
        primary_keys="id",
        df=rows(),
        timeseries_column="ts",
        known_time=KnownTime(lag=timedelta(seconds=1.5)),
    )

    fe.write_table(name=NAME, df=rows((9,), (0,), (9.0,)), mode="overwrite")

    assert [row["id"] for row in read(fe)] == [9]
    assert fe.get_table(name=NAME) == made


def test_each_write_is_one_commit(fe, session):
    fe.create_table(name=NAME, df=rows(), **WITH_TIME)

    versions = [fe.write_table(name=NAME, df=rows(), mode=mode).version for mode in ("merge", "overwrite")]

    assert versions == [1, 2]


def test_nothing_is_written_when_one_row_is_wrong(fe):
    fe.create_table(name=NAME, df=rows(), **WITH_TIME)
    before = read(fe)

    with pytest.raises(InvalidInput):
        fe.write_table(name=NAME, df=rows((5, None), (0, 0), (1.0, 1.0)))

    assert read(fe) == before


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        (rows(), {"primary_keys": "idd"}, "primary key idd .* is not among its columns. Did you mean id"),
        (rows(), {"primary_keys": "id", "timeseries_column": "when"}, "time column when .* is not among"),
        (rows(), {**WITH_TIME, "known_time": "seen"}, "known time seen .* is not"),
        (rows(), {"primary_keys": "id", "timeseries_column": "spent"}, "spent .* is double, which is no time"),
        (rows(), {"primary_keys": "spent"}, "spent .* cannot be a key: fractions are rarely equal"),
        (rows(), {"primary_keys": ["id", "id"]}, "names a column twice"),
        (rows(), {"primary_keys": "ts", "timeseries_column": "ts"}, "needs a primary key beside its time column"),
        (rows((1, None, None)), WITH_TIME, "2 of 3 .* have no id.* row 1: id = None"),
        (rows(at=(0, None, 1)), WITH_TIME, "1 of 3 .* have no ts"),
        (rows(), {"primary_keys": "id"}, "1 row.* repeat the key of another; 2 have id = 1"),
        (rows((1, 1), (0, 0), (1.0, 2.0)), WITH_TIME, "id = 1, ts = 2013-05-01 00:00"),
        (rows(), {**WITH_TIME, "known_time": "ts"}, "is a column of its key"),
        (rows(), {**WITH_TIME, "freshness": timedelta(0)}, "cannot be kept"),
        (rows(), {**WITH_TIME, "partition_columns": "day"}, "partition column day"),
        (rows((1, 2), (0, 1), (1.0, 1.0)), {"primary_keys": "id", "known_time": "commit"}, "has no time column"),
        (rows(seen=[T0.replace(tzinfo=None)] * 3), {**WITH_TIME, "known_time": "seen"},
         "event time ts is timestamp, but the known time seen is timestamp_ntz"),
        (rows(seen=[1, 2, 3]), {**WITH_TIME, "known_time": "seen"}, "which is no time"),
        (rows(tags=[[1], [2], [3]]), {"primary_keys": "tags"}, "cannot be compared as keys"),
        (None, {"primary_keys": "id"}, "needs rows"),
        (None, {"primary_keys": "id", "schema": 7}, "A int is no schema"),
        (7, {"primary_keys": "id"}, "A int is no frame"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_feature_table_is_refused_and_nothing_is_left_behind(fe, session, given, options, said):
    with pytest.raises(InvalidInput, match=said):
        fe.create_table(name=NAME, df=given, **options)

    with pytest.raises(NotFound):
        session.law.table(session.principal, TableName.parse(NAME))


def test_a_day_may_be_the_time_and_the_known_time_of_either_kind(fe):
    days = pl.DataFrame({"id": [1], "day": [T0.date()], "seen": [T0]})

    assert (
        fe.create_table(name=NAME, primary_keys="id", df=days, timeseries_column="day", known_time="seen").features
        == []
    )


def test_a_table_that_is_there_is_not_replaced_and_one_without_a_key_tells_how_to_declare_it(fe, session):
    fe.create_table(name=NAME, df=rows(), **WITH_TIME)
    session.sql("CREATE TABLE dev.shop.plain (id BIGINT)")

    with pytest.raises(AlreadyExists, match="Use write_table"):
        fe.create_table(name=NAME, df=rows(), **WITH_TIME)
    with pytest.raises(AlreadyExists, match=r"ALTER TABLE dev\.shop\.plain ADD CONSTRAINT"):
        fe.create_table(name="dev.shop.plain", primary_keys="id", df=rows(), timeseries_column="ts")
    with pytest.raises(InvalidInput, match="has no primary key"):
        fe.get_table(name="dev.shop.plain")
    with pytest.raises(InvalidInput, match="has no primary key"):
        fe.write_table(name="dev.shop.plain", df=rows())
    with pytest.raises(InvalidInput, match="has no primary key"):
        fe.delete_feature_table(name="dev.shop.plain")


def test_rows_that_do_not_fit_hear_which_column_it_is(fe):
    fe.create_table(name=NAME, df=rows(), **WITH_TIME)

    with pytest.raises(InvalidInput, match="no column extra"):
        fe.write_table(name=NAME, df=rows(extra=[1, 2, 3]))
    with pytest.raises(InvalidInput, match="lack the column ts"):
        fe.write_table(name=NAME, df=rows().drop("ts"))
    with pytest.raises(InvalidInput, match="Column spent is"):
        fe.write_table(name=NAME, df=rows(spent=["a", "b", "c"]))
    with pytest.raises(InvalidInput, match="no mode"):
        fe.write_table(name=NAME, df=rows(), mode="append")


def test_a_dropped_feature_table_is_gone(fe):
    fe.create_table(name=NAME, df=rows(), **WITH_TIME)

    fe.drop_table(name=NAME)

    with pytest.raises(NotFound):
        fe.get_table(name=NAME)


def test_tags_are_set_and_taken_away(fe):
    fe.create_table(name=NAME, df=rows(), **WITH_TIME)

    fe.set_feature_table_tag(name=NAME, key="tier", value="gold")
    assert fe.get_table(name=NAME).tags == {"tier": "gold"}
    fe.delete_feature_table_tag(name=NAME, key="tier")

    assert fe.get_table(name=NAME).tags == {}
    with pytest.raises(NotFound, match="no tag tier"):
        fe.delete_feature_table_tag(name=NAME, key="tier")


def test_each_verb_asks_for_its_privilege(fe, session_of):
    fe.create_table(name=NAME, df=rows(), **WITH_TIME)
    reader = FeatureEngineeringClient(session=session_of("ann", Privilege.SELECT))
    stranger = FeatureEngineeringClient(session=session_of("bob"))

    assert reader.get_table(name=NAME).features == ["spent"]
    for denied in (
        lambda: reader.write_table(name=NAME, df=rows()),
        lambda: reader.delete_feature_table(name=NAME),
        lambda: reader.set_feature_table_tag(name=NAME, key="a", value="b"),
        lambda: reader.create_table(name="dev.shop.mine", primary_keys="id", df=rows(), timeseries_column="ts"),
    ):
        with pytest.raises(Denied):
            denied()
    for unknown in (lambda: stranger.get_table(name=NAME), lambda: stranger.write_table(name=NAME, df=rows())):
        with pytest.raises(NotFound):
            unknown()


def spoil(catalog) -> None:
    """As only who has the database can."""
    with catalog.database.write() as connection:
        connection.exec_driver_sql("UPDATE securables SET properties = replace(properties, '[', '')")


def test_a_declaration_that_somebody_has_spoilt_is_told(fe, catalog):
    fe.create_table(name=NAME, df=rows(), **WITH_TIME)

    spoil(catalog)

    with pytest.raises(InvalidInput, match="cannot be read"):
        fe.get_table(name=NAME)


def test_a_row_that_is_not_known_yet_is_written_once_however_often_it_is_written(fe):
    frame = rows((1, 2), (0, 0), (1.0, 2.0), seen=hours(None, 1))
    fe.create_table(name=NAME, df=frame, known_time="seen", **WITH_TIME)

    fe.write_table(name=NAME, df=frame.with_columns(spent=pl.lit(5.0)))
    fe.write_table(name=NAME, df=rows((1,), (0,), (7.0,), seen=hours(3)))

    found = [(row["id"], row["seen"], row["spent"]) for row in read(fe, NAME, "id", "seen")]
    assert found == [(1, None, 5.0), (1, hours(3)[0], 7.0), (2, hours(1)[0], 5.0)]


def test_instants_that_are_one_when_stored_are_one_key(fe):
    nanoseconds = pl.Series([1_000, 1_001], dtype=pl.Int64).cast(pl.Datetime("ns", "UTC"))
    frame = pl.DataFrame({"id": [1, 1], "ts": nanoseconds})

    with pytest.raises(InvalidInput, match="repeat the key"):
        fe.create_table(name=NAME, df=frame, **WITH_TIME)


def test_a_table_whose_tags_are_refused_is_not_there(fe):
    with pytest.raises(InvalidInput):
        fe.create_table(name=NAME, df=rows(), tags={"a": "x" * 20_000}, **WITH_TIME)

    with pytest.raises(NotFound):
        fe.get_table(name=NAME)


def test_a_feature_table_says_in_a_line_what_it_is(fe):
    made = fe.create_table(name=NAME, df=rows(), description="Spending.", **WITH_TIME)

    assert repr(made) == (
        "<FeatureTable: name='dev.shop.customers', primary_keys=['id', 'ts'], timestamp_keys=['ts'], "
        "features=['spent'], known=KnownTime(column=None, lag=datetime.timedelta(0)), description='Spending.'>"
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"known_time": timedelta(hours=1)}, r"known_time .* KnownTime\(lag="),
        ({"known_time": 3600}, r"known_time .* KnownTime\(lag="),
        ({"freshness": 3600}, r"freshness of dev.shop.customers is 3600, which is no timedelta"),
    ],
)
def test_times_that_are_no_times_are_told_what_to_be(fe, said, told):
    with pytest.raises(InvalidInput, match=told):
        fe.create_table(name=NAME, df=rows(), **WITH_TIME, **said)


@pytest.mark.parametrize("known", [None, "commit"])
def test_a_column_that_the_table_has_not_is_told_how_it_comes_into_it(fe, known):
    fe.create_table(name=NAME, df=rows(), known_time=known, **WITH_TIME)

    with pytest.raises(InvalidInput, match="has no column visits") as refused:
        fe.write_table(name=NAME, df=rows(visits=[1, 2, 3]))

    assert (
        refused.value.hint == "Leave it out, or add it first: ALTER TABLE dev.shop.customers ADD COLUMN visits BIGINT"
    )
    with pytest.raises(InvalidInput, match="has no column spend") as misspelt:
        fe.write_table(name=NAME, df=rows().rename({"spent": "spend"}))
    assert misspelt.value.hint == "Did you mean spent?"
