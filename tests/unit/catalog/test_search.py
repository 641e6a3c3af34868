"""Search on both databases: what is found, in which order, and by whom."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from boathouse.catalog import Column, LineageEdge, LineageNode, NodeKind, Privilege, SecurableKind
from boathouse.catalog.repository.schema import search_documents, search_postings
from boathouse.catalog.search.finding import Question
from boathouse.catalog.search.words import closest, words_of
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.errors import Denied, InvalidInput
from boathouse.foundation.names import SchemaName, TableName

TABLE = SecurableKind.TABLE
USE = (Privilege.USE_CATALOG, Privilege.USE_SCHEMA)


def columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "bigint", "LONG", "{}", position) for position, name in enumerate(names))


@pytest.fixture
def found(law):
    """The full names that a question finds."""

    def find(text: str = "", by=None, **options) -> list[str]:
        hits = law.catalog.search.find(by or law.admin, Question(text, **options))
        return [hit.securable.full_name.removeprefix("dev.trips.") for hit in hits]

    return find


def test_the_name_itself_comes_first_then_its_beginning_then_words_anywhere(law, found) -> None:
    law.make_table("dev.trips.airports", comment="Where a delay begins.")
    law.make_table("dev.trips.delay_causes")
    law.make_table("dev.trips.mean_delay")
    law.make_table("dev.trips.delay")
    law.make_table("dev.trips.weather")
    law.catalog.securables.refresh_columns(
        law.admin, TableName.parse("dev.trips.weather"), columns("temp", "dep_delay")
    )

    assert found("delay") == ["delay", "delay_causes", "mean_delay", "weather", "airports"]
    assert found("DEP_DELAY") == ["weather"]
    assert found("dev.trips.delay")[0] == "delay"


def test_all_words_are_wanted_and_a_schema_counts_as_one(law, found) -> None:
    law.make_table("dev.trips.rides", comment="One row per ride of a carrier.")
    law.make_table("dev.trips.carriers")
    law.catalog.securables.create_schema(law.admin, SchemaName("dev", "other"))
    law.make_table("dev.other.rides")

    assert found("ride carrier") == ["rides"]
    assert found("trips rides") == ["rides"]
    assert found("rides nothinglikeit") == ["dev.other.rides", "rides"]  # for want of better


def test_a_typing_error_and_the_middle_of_a_word_are_forgiven(law, found) -> None:
    law.make_table("dev.trips.weather_hourly")

    assert found("wether") == ["weather_hourly"]
    assert found("haetwer") == []
    assert found("eathe") == ["weather_hourly"]


def test_what_changes_is_found_as_it_is_now(law, found) -> None:
    securables = law.catalog.securables
    law.make_table("dev.trips.rides", comment="old words")
    securables.update(law.admin, TABLE, "dev.trips.rides", comment="fresh words")
    assert (found("old"), found("fresh")) == ([], ["rides"])

    securables.rename(law.admin, TABLE, "dev.trips.rides", "journeys")
    assert (found("rides"), found("journeys")) == ([], ["journeys"])

    securables.rename(law.admin, SecurableKind.SCHEMA, "dev.trips", "travel")
    assert found("travel journeys") == ["dev.travel.journeys"]

    securables.drop(law.admin, SecurableKind.SCHEMA, "dev.travel", cascade=True)
    assert found("journeys") == []


def test_a_change_that_fails_leaves_the_index_as_it_was(law, found, monkeypatch: pytest.MonkeyPatch) -> None:
    law.make_table("dev.trips.rides", comment="old words")
    monkeypatch.setattr(law.catalog.audit, "event_of", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        law.catalog.securables.update(law.admin, TABLE, "dev.trips.rides", comment="fresh words")
    monkeypatch.undo()

    assert (found("fresh"), found("old")) == ([], ["rides"])


def test_kinds_tags_and_owners_narrow_it_down(law, found) -> None:
    for name in ("rides", "riders"):
        law.make_table(f"dev.trips.{name}")
    securables = law.catalog.securables
    securables.register(law.admin, SecurableKind.REGISTERED_MODEL, "dev.trips.rider_model")
    securables.set_tags(law.admin, TABLE, "dev.trips.riders", {"PII": "email"})
    securables.update(law.admin, TABLE, "dev.trips.rides", owner="bob")

    assert found("rider", kinds=(SecurableKind.REGISTERED_MODEL,)) == ["rider_model"]
    assert found(tags=("pii",)) == found(tags=("pii=email",)) == found("email") == ["riders"]
    assert found(tags=("pii=phone",)) == []
    assert found(owner="bob") == found("bob") == ["rides"]
    securables.set_tags(law.admin, TABLE, "dev.trips.riders", {}, remove=["PII"])
    assert found(tags=("pii",)) == []


def test_nobody_finds_what_they_may_not_know_of(law, found) -> None:
    for name in ("rides", "secret_rides"):
        law.make_table(f"dev.trips.{name}")
    law.let("bob", *USE)
    assert found("rides", by=law.bob) == []
    law.let("bob", Privilege.SELECT, on="dev.trips.rides")

    assert found("rides", by=law.bob) == ["rides"]
    assert found("secret", by=law.bob) == []


def test_many_hidden_things_do_not_crowd_out_the_one_that_may_be_known(law, found) -> None:
    for number in range(70):
        law.make_table(f"dev.trips.ride_{number:02}")
    law.make_table("dev.trips.z_last", comment="about a ride")
    law.let("bob", *USE)
    law.let("bob", Privilege.SELECT, on="dev.trips.z_last")

    assert found("ride", by=law.bob, limit=1) == ["z_last"]


def test_what_many_read_comes_before_what_nobody_reads(law, found) -> None:
    for name in ("trips_a", "trips_b"):
        law.make_table(f"dev.trips.{name}", comment="fares")
    law.let("bob", *USE, Privilege.SELECT)
    node = LineageNode(NodeKind.TABLE, "dev.trips.trips_b", 0)
    for reader in (law.admin, law.bob, law.bob):
        law.catalog.lineage.record(reader, [LineageEdge(node, None, "READ")])
    for run in (1, 1, 2):
        with in_request(RequestContext(task=TaskContext(7, "job", run, "t", run))):
            law.catalog.lineage.record(law.bob, [LineageEdge(node, None, "READ"), LineageEdge(node, None, "TRAINED")])

    assert found("fares") == ["trips_b", "trips_a"]
    [first, *_] = law.catalog.search.find(law.admin, Question("fares"))
    assert (first.use.reads, first.use.readers, first.use.jobs, first.use.runs) == (6, 2, 1, 2)


def test_popularity_fades(law, found) -> None:
    for name in ("trips_a", "trips_b"):
        law.make_table(f"dev.trips.{name}", comment="fares")
    law.catalog.lineage.record(law.admin, [LineageEdge(LineageNode(NodeKind.TABLE, "dev.trips.trips_b"), None, "READ")])
    assert found("fares") == ["trips_b", "trips_a"]

    law.clock.advance(timedelta(days=31))

    assert found("fares") == ["trips_a", "trips_b"]


def test_a_rebuilt_index_is_the_same(law, found) -> None:
    law.make_table("dev.trips.rides", comment="One row per ride.")

    def counts() -> list[int]:
        with law.catalog.lineage._database.read() as connection:
            tables = (search_documents, search_postings)
            return [connection.execute(select(func.count()).select_from(each)).scalar_one() for each in tables]

    before = counts()
    assert law.catalog.search.rebuild(law.admin) == before[0]
    assert counts() == before
    assert found("row") == ["rides"]
    with pytest.raises(Denied):
        law.catalog.search.rebuild(law.bob)


@pytest.mark.parametrize(
    "question",
    [Question(), Question("…"), Question("\\"),
     Question("a", limit=0), Question("a", limit=10_000), Question("x " * 2_000),
     Question("a", tags=("",)), Question(" ".join(f"w{number}" for number in range(13)))],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(law, question: Question) -> None:
    with pytest.raises(InvalidInput):
        law.catalog.search.find(law.admin, question)


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE securables; --", "100%", "_", "naïve Straße", "飞机 延误", "a\0b", "\ud800x"]
)
def test_any_text_can_be_searched_for(law, text: str) -> None:
    law.make_table(comment=text if "\0" not in text and "\ud800" not in text else None)

    law.catalog.search.find(law.admin, Question(text))


def test_words_are_split_where_people_see_them() -> None:
    assert list(words_of("depDelay dep_delay HTTPServer Straße")) == [
        "depdelay", "dep", "delay", "dep_delay", "dep", "delay", "httpserver", "http", "server", "strasse",
    ]  # fmt: skip
    assert closest("wether", ["weather", "other", "whether"]) == ["weather", "whether"]


def test_a_typing_error_in_a_name_of_several_words_is_forgiven(law, found) -> None:
    law.make_table("dev.trips.carrier_delays", comment="One row per month.")
    law.make_table("dev.trips.weather")
    law.catalog.securables.refresh_columns(
        law.admin, TableName.parse("dev.trips.weather"), columns("crosswind_gust", "visibility")
    )

    assert found("carrierdelays") == ["carrier_delays"]
    assert found("carier_delasy") == ["carrier_delays"]
    assert found("croswind_gust") == ["weather"]  # a column's name is forgiven in its parts


def test_a_rare_word_does_not_hide_what_has_the_other_one_by_its_place(law, found) -> None:
    law.make_table("dev.trips.rides", comment="Rare. Counted per month.")
    law.make_table("dev.trips.months", comment="Common words.")

    assert found("rare month") == ["rides"]
    assert found("trips rare") == ["rides"]
    assert found("trips month") == ["months", "rides"]
