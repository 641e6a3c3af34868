import threading

import pytest

from boathouse.catalog import Privilege, SecurableKind, TableType
from boathouse.catalog.columns import column_from_info
from boathouse.foundation.errors import AlreadyExists, BoathouseError, Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import InvalidName, SchemaName, TableName, VolumeName

TABLE, SCHEMA, CATALOG = SecurableKind.TABLE, SecurableKind.SCHEMA, SecurableKind.CATALOG
MODEL = SecurableKind.REGISTERED_MODEL
RIDES = TableName.parse("dev.trips.rides")


def test_the_first_start_makes_what_every_boathouse_has(law):
    names = [each.full_name for each in law.catalog.securables.list(law.admin, CATALOG)]

    assert names == ["dev", "prod", "staging", "system"]
    assert law.catalog.bootstrap("alice") is None


def test_a_later_start_brings_nothing_back_that_was_revoked(law):
    everyone = "account users"
    law.catalog.grants.revoke(law.admin, everyone, [Privilege.CREATE_JOB], SecurableKind.METASTORE, "metastore")

    law.catalog.bootstrap("alice")

    assert not law.catalog.grants.allows(law.bob, Privilege.CREATE_JOB, SecurableKind.METASTORE, "metastore")


def test_a_name_is_one_name_whatever_its_case(law):
    law.make_table("Dev.Trips.RIDES")

    assert law.catalog.securables.table(law.admin, RIDES).securable.full_name == "dev.trips.rides"
    with pytest.raises(AlreadyExists):
        law.make_table("dev.trips.rides")


@pytest.mark.parametrize(
    "name", ["dev.trips.a'b", 'dev.trips.a"b', "dev.trips...", "dev.trips.a b", "dev.trips.a/../b"]
)
def test_a_bad_name_is_refused_before_anything_happens(law, name):
    with pytest.raises(InvalidName):
        law.catalog.securables.get(law.admin, TABLE, name)


def test_a_name_may_be_of_any_script(law):
    law.make_table("dev.trips.größe_温度")

    assert law.catalog.securables.table(law.admin, TableName.parse("dev.trips.GRÖSSE_温度".replace("SS", "ß")))


def test_nothing_is_created_in_what_does_not_exist(law):
    with pytest.raises(NotFound, match=r"Schema dev\.trip was not found\. Did you mean dev\.trips\?"):
        law.make_table("dev.trip.rides")
    with pytest.raises(NotFound, match=r"Catalog nowhere was not found"):
        law.catalog.securables.create_schema(law.admin, SchemaName("nowhere", "s"))


def test_a_thing_of_this_name_in_another_schema_is_proposed(law):
    law.make_table("dev.trips.rides")

    with pytest.raises(NotFound, match=r"Did you mean dev\.trips\.rides\?"):
        law.catalog.securables.table(law.admin, TableName.parse("staging.of_somebody_else_entirely.rides"))


def test_creating_takes_the_privilege(law):
    law.let("bob", Privilege.USE_CATALOG, Privilege.USE_SCHEMA)

    with pytest.raises(Denied, match="CREATE_TABLE"):
        law.make_table(by=law.bob)


def test_the_system_catalog_is_nobodys_to_change(law):
    securables = law.catalog.securables
    with pytest.raises(Denied):
        securables.create_schema(law.admin, SchemaName("system", "mine"))
    with pytest.raises(Denied):
        securables.drop(law.admin, CATALOG, "system", cascade=True)
    with pytest.raises(Conflict):
        securables.create_schema(law.admin, SchemaName("dev", "information_schema"))


def test_of_many_creators_one_wins_and_all_others_hear_that_it_exists(law):
    results: list[str] = []

    def create() -> None:
        try:
            law.make_table()
            results.append("made")
        except BoathouseError as error:
            results.append(type(error).__name__)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["SecurableExists"] * 7 + ["made"]


def test_what_is_not_empty_is_dropped_only_with_cascade(law):
    law.make_table()

    with pytest.raises(Conflict, match=r"not empty: it holds schema dev\.trips, table dev\.trips\.rides"):
        law.catalog.securables.drop(law.admin, CATALOG, "dev")
    law.catalog.securables.drop(law.admin, CATALOG, "dev", cascade=True)

    with pytest.raises(NotFound):
        law.catalog.securables.table(law.admin, RIDES)


def test_a_dropped_table_frees_its_name_and_takes_its_grants_along(law):
    old = law.make_table()
    law.let("bob", Privilege.USE_CATALOG, Privilege.USE_SCHEMA)
    law.let("bob", Privilege.SELECT, on="dev.trips.rides")

    law.catalog.securables.drop(law.admin, TABLE, "dev.trips.rides")
    new = law.make_table()

    assert new.securable.id != old.securable.id
    assert not law.catalog.grants.allows(law.bob, Privilege.SELECT, TABLE, "dev.trips.rides")


def test_a_replaced_table_hands_down_owner_grants_and_tags(law):
    law.make_table()
    law.let("bob", Privilege.USE_CATALOG, Privilege.USE_SCHEMA)
    law.let("bob", Privilege.SELECT, on="dev.trips.rides")
    law.catalog.securables.update(law.admin, TABLE, "dev.trips.rides", owner="bob")
    law.catalog.securables.set_tags(law.admin, TABLE, "dev.trips.rides", {"pii": "no"})

    new = law.make_table(replace=True)

    assert (new.securable.owner, new.securable.tags) == ("bob", {"pii": "no"})
    assert law.catalog.grants.allows(law.bob, Privilege.SELECT, TABLE, "dev.trips.rides")


def test_a_rename_takes_everything_below_along(law):
    law.make_table()
    law.catalog.securables.create_catalog(law.admin, "devil")
    law.let("bob", Privilege.USE_CATALOG, Privilege.USE_SCHEMA, Privilege.SELECT)

    law.catalog.securables.rename(law.admin, CATALOG, "dev", "lab")

    assert law.catalog.grants.allows(law.bob, Privilege.SELECT, TABLE, "lab.trips.rides")
    assert law.catalog.securables.get(law.admin, CATALOG, "devil")
    with pytest.raises(NotFound):
        law.catalog.securables.get(law.admin, SCHEMA, "dev.trips")


def test_a_rename_keeps_the_place_and_finds_no_taken_name(law):
    law.make_table()
    law.make_table("dev.trips.other")
    securables = law.catalog.securables

    with pytest.raises(AlreadyExists):
        securables.rename(law.admin, TABLE, "dev.trips.rides", "other")
    with pytest.raises(InvalidInput, match="another schema"):
        securables.rename(law.admin, TABLE, "dev.trips.rides", "dev.elsewhere.rides")
    assert securables.rename(law.admin, TABLE, "dev.trips.rides", "dev.trips.rides2").full_name == "dev.trips.rides2"


def test_half_a_letter_in_a_property_is_refused_before_it_spoils_every_list(law):
    with pytest.raises(UnicodeEncodeError):
        law.catalog.securables.update(law.admin, SCHEMA, "dev.trips", properties={"a": "\ud800"})
    law.catalog.securables.update(law.admin, SCHEMA, "dev.trips", properties={"größe": "😀"})

    assert law.catalog.securables.get(law.admin, SCHEMA, "dev.trips").properties == {"größe": "😀"}


def test_comment_owner_and_properties_change_together(law):
    changed = law.catalog.securables.update(
        law.admin, SCHEMA, "dev.trips", comment="Trips.", owner="BOB", properties={"a": "1"}
    )

    assert (changed.comment, changed.owner, changed.properties) == ("Trips.", "bob", {"a": "1"})
    assert law.catalog.securables.update(law.admin, SCHEMA, "dev.trips", comment="").comment is None
    with pytest.raises(NotFound, match="no principal"):
        law.catalog.securables.update(law.admin, SCHEMA, "dev.trips", owner="nobody")


def test_a_managed_table_lies_only_where_a_place_was_reserved(law, tmp_path):
    with pytest.raises(InvalidInput, match="reserved"):
        law.catalog.securables.create_table(
            law.admin, RIDES, table_id=new_id(), storage_location=tmp_path.as_uri(), columns=()
        )


def test_a_place_serves_one_table_even_after_it_was_dropped(law):
    old = law.make_table()
    law.catalog.securables.drop(law.admin, TABLE, "dev.trips.rides")

    with pytest.raises(Conflict):
        law.catalog.securables.create_table(
            law.admin, RIDES, table_id=old.securable.id, storage_location=old.storage_location, columns=()
        )


def test_external_tables_lie_outside_our_home_and_apart_from_each_other(law, tmp_path):
    def register(name: str, location: str) -> None:
        law.catalog.securables.create_table(
            law.admin, TableName.parse(name), table_id=new_id(), storage_location=location, columns=(),
            table_type=TableType.EXTERNAL,
        )  # fmt: skip

    own = law.make_table()
    register("dev.trips.outside", (tmp_path / "data").as_uri())

    with pytest.raises(InvalidInput, match="own folder"):
        register("dev.trips.stolen", own.storage_location)
    with pytest.raises(InvalidInput, match="own folder"):
        register("dev.trips.sneaky", f"file://{tmp_path}/data/../.boathouse/lake")
    with pytest.raises(Conflict, match=r"taken by dev\.trips\.outside"):
        register("dev.trips.inside", (tmp_path / "data" / "part").as_uri())
    with pytest.raises(InvalidInput, match="local folder"):
        register("dev.trips.cloud", "s3://bucket/table")


def test_only_who_may_register_external_places_does(law, tmp_path):
    law.let("bob", Privilege.USE_CATALOG, Privilege.USE_SCHEMA, Privilege.CREATE_TABLE, Privilege.CREATE_VOLUME)

    with pytest.raises(Denied, match="CREATE_EXTERNAL_TABLE"):
        law.catalog.securables.create_table(
            law.bob, RIDES, table_id=new_id(), storage_location=tmp_path.as_uri(), columns=(),
            table_type=TableType.EXTERNAL,
        )  # fmt: skip
    with pytest.raises(Denied, match="CREATE_EXTERNAL_VOLUME"):
        law.catalog.securables.create_volume(law.bob, VolumeName("dev", "trips", "v"), storage_location="file:///data")


def test_a_volume_is_a_folder_at_once(law):
    from boathouse.catalog.locations import path_of

    volume = law.catalog.securables.create_volume(law.admin, VolumeName("dev", "trips", "raw"))

    assert path_of(volume.storage_location).is_dir()


def test_registered_models_live_under_the_law_and_are_never_dropped_along(law):
    securables = law.catalog.securables
    law.let("bob", Privilege.USE_CATALOG, Privilege.USE_SCHEMA, Privilege.CREATE_MODEL)

    securables.register(law.bob, MODEL, "dev.trips.delay", parent="dev.trips")

    assert law.catalog.grants.allows(law.bob, Privilege.EXECUTE, MODEL, "dev.trips.delay")
    with pytest.raises(Conflict, match=r"registered model dev\.trips\.delay"):
        securables.drop(law.admin, SCHEMA, "dev.trips", cascade=True)
    securables.forget(law.bob, MODEL, "dev.trips.delay")
    securables.drop(law.admin, SCHEMA, "dev.trips")


def test_experiments_and_jobs_lie_under_the_metastore_by_id(law):
    made = law.catalog.securables.register(law.bob, SecurableKind.EXPERIMENT, "17", title="/Users/bob/first")

    assert (made.owner, made.title) == ("bob", "/Users/bob/first")
    assert [e.full_name for e in law.catalog.securables.list(law.bob, SecurableKind.EXPERIMENT)] == ["17"]


def test_columns_follow_the_delta_log(law):
    law.make_table()
    wider = tuple(
        column_from_info({"name": name, "type_text": "bigint"}, position) for position, name in enumerate(["id", "n"])
    )

    law.catalog.securables.refresh_columns(law.admin, RIDES, wider)

    assert [column.name for column in law.catalog.securables.table(law.admin, RIDES).columns] == ["id", "n"]


def test_properties_are_set_one_by_one_and_those_not_named_stay(law):
    law.make_table()
    put = law.catalog.securables.set_properties
    put(law.admin, TABLE, str(RIDES), {"team": "sales", "tier": "1"})

    changed = put(law.admin, TABLE, str(RIDES), {"tier": None, "source": "till", "absent": None})

    assert changed.properties == {"team": "sales", "source": "till"}
    assert law.catalog.securables.table(law.admin, RIDES).securable == changed


def test_who_may_modify_a_table_sets_its_properties_and_nobody_else(law):
    law.make_table()
    put = law.catalog.securables.set_properties
    law.let("bob", Privilege.USE_CATALOG, Privilege.USE_SCHEMA, Privilege.SELECT)
    with pytest.raises(Denied):
        put(law.bob, TABLE, str(RIDES), {"team": "bob"})

    law.let("bob", Privilege.MODIFY)

    assert put(law.bob, TABLE, str(RIDES), {"team": "bob"}).properties == {"team": "bob"}
    with pytest.raises(Denied):
        put(law.bob, SCHEMA, "dev.trips", {"team": "bob"})


def test_what_is_declared_of_a_table_must_hold_and_stays_when_properties_are_replaced(law):
    required = column_from_info({"name": "id", "type_text": "bigint", "nullable": False}, 0)
    law.make_table(columns=(required,), properties={"feature.primary_keys": '["id"]', "a": "1"})
    securables = law.catalog.securables

    changed = securables.update(law.admin, TABLE, str(RIDES), properties={"b": "2"})

    assert changed.properties == {"b": "2", "feature.primary_keys": '["id"]'}
    with pytest.raises(InvalidInput, match="Say it in SQL"):
        securables.update(law.admin, TABLE, str(RIDES), properties={"feature.primary_keys": '["x"]'})
    for wrong in ('["x"]', "oops", "[]"):
        with pytest.raises(InvalidInput):
            securables.set_properties(law.admin, TABLE, str(RIDES), {"feature.primary_keys": wrong})
        with pytest.raises(InvalidInput):
            law.make_table("dev.trips.wrong", columns=(required,), properties={"feature.primary_keys": wrong})
