"""Which feature tables there are, how fresh, and who takes their features."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from boathouse.catalog import (
    ColumnFlow,
    LineageEdge,
    LineageNode,
    NodeKind,
    Privilege,
    SecurableKind,
)
from boathouse.features import FeatureLookup
from boathouse.features.inventory.listing import FeatureTables
from boathouse.features.inventory.nouns import Freshness
from boathouse.features.online.nouns import NewPublication, Outcome
from boathouse.features.online.registry.service import LocalOnlineRegistry
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.principals import SYSTEM

NAME = "dev.shop.customers"
T0 = datetime(2013, 5, 1, tzinfo=UTC)


@pytest.fixture
def tables(catalog) -> FeatureTables:
    clock = ManualClock(T0 + timedelta(hours=3))
    return FeatureTables(catalog, clock, LocalOnlineRegistry(catalog).publications)


def rows(hours=(0, 1)) -> pl.DataFrame:
    data = {"id": list(range(len(hours))), "ts": [T0 + timedelta(hours=each) for each in hours]}
    frame = pl.DataFrame(data, schema={"id": pl.Int64, "ts": pl.Datetime("us", "UTC")})
    return frame.with_columns(spent=pl.lit(1.0), visits=pl.lit(2))


def make_spec(fe) -> None:
    spent = FeatureLookup(NAME, lookup_key="id", feature_names="spent", timestamp_lookup_key="at")
    fe.create_feature_spec(name="dev.shop.basics", features=[spent])


def make(fe, name=NAME, **options):
    return fe.create_table(name=name, primary_keys="id", df=rows(), timeseries_column="ts", **options)


def record(session, target: LineageNode, operation: str, columns: ColumnFlow | None = None) -> None:
    edge = LineageEdge(LineageNode(NodeKind.TABLE, NAME, 0), target, operation, columns=columns)
    session.law.record_lineage(session.principal, [edge])


def test_feature_tables_are_listed_by_place(fe, session, tables):
    made, root = make(fe), session.principal
    session.sql("CREATE SCHEMA dev.other")
    other = make(fe, "dev.other.a")
    session.sql("CREATE TABLE dev.shop.plain (id BIGINT)")

    assert tables.listed(root) == [other, made]
    assert tables.listed(root, "dev") == [other, made]
    assert tables.listed(root, "dev.shop") == [made]
    assert tables.listed(root, "prod") == []
    with pytest.raises(NotFound):
        tables.listed(root, "dev.nothing")
    with pytest.raises(InvalidInput, match="no schema"):
        tables.listed(root, NAME)


def test_a_table_whose_declaration_is_spoilt_is_not_listed(fe, session, tables, catalog):
    make(fe)
    with catalog.database.write() as connection:
        connection.exec_driver_sql("UPDATE securables SET properties = replace(properties, '[', '')")

    assert tables.listed(session.principal) == []


def test_freshness_is_the_age_of_the_newest_event_held_against_the_promise(fe, session, tables):
    make(fe, freshness=timedelta(hours=2))
    root, newest = session.principal, T0 + timedelta(hours=1)
    at = int(newest.timestamp() * 1000)

    assert tables.shown(root, NAME).freshness == Freshness(at, 7200.0, 7200.0, True)
    assert tables.shown(root, NAME, T0 + timedelta(hours=4)).freshness == Freshness(at, 10800.0, 7200.0, False)
    fe.write_table(name=NAME, df=rows((3,)))

    assert tables.shown(root, NAME).freshness == Freshness(at + 7_200_000, 0.0, 7200.0, True)


@pytest.mark.parametrize(
    ("frame", "key", "newest"),
    [
        (rows(()), "ts", None),
        (rows().with_columns(pl.col("ts").dt.replace_time_zone(None)), "ts", T0 + timedelta(hours=1)),
        (rows((0, 30)).with_columns(pl.col("ts").dt.date()), "ts", T0 + timedelta(days=1)),
        (rows(), None, None),
    ],
)
def test_the_newest_event_is_told_for_every_kind_of_time(fe, session, tables, frame, key, newest):
    fe.create_table(name=NAME, primary_keys=["id"], df=frame, timeseries_column=key)

    freshness = tables.shown(session.principal, NAME).freshness

    assert freshness.newest_event == (None if newest is None else int(newest.timestamp() * 1000))
    assert freshness.is_kept is None


def test_the_newest_event_of_a_table_laid_out_by_day_is_found(fe, session, tables):
    frame = rows((0, 30)).with_columns(pl.col("ts").dt.date())
    fe.create_table(name=NAME, primary_keys="id", df=frame, timeseries_column="ts", partition_columns="ts")

    assert tables.shown(session.principal, NAME).freshness.newest_event == 1367452800000


def test_consumers_are_specs_tables_models_and_what_they_take(fe, session, tables, catalog):
    make(fe)
    catalog.securables.register(SYSTEM, SecurableKind.REGISTERED_MODEL, "dev.shop.churn")
    fe.create_feature_spec(
        name="dev.shop.basics",
        features=[FeatureLookup(NAME, lookup_key="id", feature_names="spent", timestamp_lookup_key="at")],
    )
    session.sql(f"CREATE TABLE dev.shop.copy AS SELECT id, visits + 1 AS visits FROM {NAME}")
    version = LineageNode(NodeKind.MODEL_VERSION, "dev.shop.churn", 3)
    record(session, version, "FEATURES", ColumnFlow({"paid": ("spent",)}))
    record(session, LineageNode(NodeKind.RUN, "r1"), "TRAINED")
    run = LineageEdge(
        LineageNode(NodeKind.RUN, "r1"), LineageNode(NodeKind.MODEL_VERSION, "dev.shop.churn", 4), "REGISTERED"
    )
    session.law.record_lineage(session.principal, [run])

    found = {
        (each.kind, each.name, each.version): (each.how, each.features)
        for each in tables.consumers(session.principal, NAME)
    }

    assert found == {
        ("function", "dev.shop.basics", None): ("FEATURES", ("spent",)),
        ("table", "dev.shop.copy", None): ("WRITE", ("id", "visits")),
        ("model_version", "dev.shop.churn", 3): ("FEATURES", ("spent",)),
        ("model_version", "dev.shop.churn", 4): ("TRAINED", None),
    }
    assert tables.shown(session.principal, NAME).consumers == 4


def test_consumers_of_one_feature_are_those_that_take_it(fe, session, tables):
    make(fe)
    fe.create_feature_spec(
        name="dev.shop.basics",
        features=[FeatureLookup(NAME, lookup_key="id", feature_names="spent", timestamp_lookup_key="at")],
    )
    session.sql(f"CREATE TABLE dev.shop.copy AS SELECT id FROM {NAME} WHERE visits > 1")

    def names(feature: str) -> list[str]:
        return [each.name for each in tables.consumers(session.principal, f"{NAME}.{feature}")]

    assert names("Spent") == ["dev.shop.basics"]
    assert names("visits") == ["dev.shop.copy"]
    with pytest.raises(NotFound, match=r"no feature spend\. Did you mean spent"):
        names("spend")


def test_what_was_dropped_takes_nothing(fe, session, tables):
    make(fe)
    session.sql(f"CREATE TABLE dev.shop.copy AS SELECT * FROM {NAME}")
    session.sql("DROP TABLE dev.shop.copy")

    assert tables.consumers(session.principal, NAME) == []


def test_everybody_sees_what_they_may_know_of(fe, session, session_of, tables):
    make(fe)
    session.sql("CREATE SCHEMA dev.secret")
    session.sql(f"CREATE TABLE dev.secret.copy AS SELECT * FROM {NAME}")
    reader, stranger = session_of("ann", Privilege.SELECT).principal, session_of("bob").principal

    assert [each.name for each in tables.listed(reader)] == [NAME]
    assert tables.consumers(reader, NAME) == []
    assert tables.listed(stranger) == []
    for ask in (tables.shown, tables.consumers):
        with pytest.raises(NotFound):
            ask(stranger, NAME)


def test_who_may_not_read_a_table_hears_nothing_of_its_rows(fe, session_of, tables):
    make(fe)
    browser = session_of("ann", Privilege.BROWSE)

    shown = tables.shown(browser.principal, NAME)

    assert (shown.table.features, shown.version, shown.freshness) == (["spent", "visits"], None, None)
    with pytest.raises(Denied):
        browser.table(NAME).arrow()


def test_a_table_tells_where_it_is_published_and_is_not_dropped_meanwhile(fe, session, tables, catalog):
    make(fe)
    registry, root = LocalOnlineRegistry(catalog), session.principal
    catalog.securables.keep_for(registry.require_unpublished)
    registry.declare(root, NewPublication(f"{NAME}_online", "default", NAME, "SNAPSHOT", ("spent",)))
    registry.done(root, f"{NAME}_online", Outcome(0, 0, 2, "SNAPSHOT"))

    (published,) = tables.shown(root, NAME).published

    assert (published.online_table, published.store) == (f"{NAME}_online", "default")
    assert tables.told(root, catalog.securables.get(root, SecurableKind.TABLE, NAME))["feature_table"]["published"] == [
        f"{NAME}_online"
    ]
    with pytest.raises(Conflict, match="online"):
        fe.delete_feature_table(name=NAME)


def test_a_description_tells_the_feature_side(fe, session, tables, catalog):
    make(fe, freshness=timedelta(hours=1))
    session.sql("CREATE TABLE dev.shop.plain (id BIGINT)")
    catalog.describing.ask(SecurableKind.TABLE, tables.told)

    told = catalog.describing.describe(session.principal, NAME).more["feature_table"]

    assert (told["primary_keys"], told["freshness"]["is_kept"], told["published"]) == (["id", "ts"], False, [])
    assert [each["name"] for each in told["features"]] == ["spent", "visits"]
    assert catalog.describing.describe(session.principal, "dev.shop.plain").more == {}


def test_the_age_falls_with_each_commit_that_brings_newer_values(fe, session, tables):
    make(fe)
    fe.write_table(name=NAME, df=rows((2, 3)), mode="merge")

    first, second = tables.freshness_in_time(session.principal, NAME)

    assert first.before_seconds is None
    assert second.before_seconds is not None
    assert second.before_seconds - second.after_seconds == 2 * 3_600
    assert first.at <= second.at


def test_who_may_not_read_a_table_is_not_told_its_ages(fe, catalog, tables):
    make(fe)
    catalog.identities.create_user(SYSTEM, "guest")
    catalog.grants.grant(SYSTEM, "guest", [Privilege.BROWSE], SecurableKind.TABLE, NAME)
    with pytest.raises(Denied):
        tables.freshness_in_time(catalog.identities.principal("guest"), NAME)
