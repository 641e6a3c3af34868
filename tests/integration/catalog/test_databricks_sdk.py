"""The Databricks SDK, unmodified, against our doors."""

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied, ResourceAlreadyExists
from databricks.sdk.service.catalog import (
    ColumnInfo,
    ColumnTypeName,
    DataSourceFormat,
    EntityTagAssignment,
    PermissionsChange,
    Privilege,
    TableOperation,
    TableType,
    VolumeType,
)
from databricks.sdk.service.iam import ComplexValue, Patch, PatchOp

pytestmark = pytest.mark.server


def workspace(served, token=None) -> WorkspaceClient:
    return WorkspaceClient(host=served.url, token=token or served.admin_token, auth_type="pat")


def test_the_sdk_knows_who_it_is(served):
    client = workspace(served)

    assert client.current_user.me().user_name == "alice"
    assert client.get_workspace_id() == 1
    assert client.metastores.summary().metastore_id == client.metastores.current().metastore_id


def test_catalogs_and_schemas_live_a_whole_life(served):
    client = workspace(served)

    client.catalogs.create("lab", comment="first", properties={"team": "a"})
    client.schemas.create("bench", "lab")
    client.catalogs.update("lab", comment="second", new_name="labor")

    assert client.catalogs.get("labor").comment == "second"
    assert [each.full_name for each in client.schemas.list("labor")] == ["labor.bench"]
    with pytest.raises(Exception, match=r"not empty: it holds schema labor\.bench"):
        client.catalogs.delete("labor")
    client.catalogs.delete("labor", force=True)
    with pytest.raises(NotFound, match="Catalog labor was not found"):
        client.catalogs.get("labor")


def test_a_managed_table_is_made_with_its_delta_log(served):
    from boathouse.lake import open_snapshot

    client = workspace(served)

    made = client.tables.create(
        name="readings",
        catalog_name="dev",
        schema_name="trips",
        table_type=TableType.MANAGED,
        data_source_format=DataSourceFormat.DELTA,
        storage_location="",
        columns=[
            ColumnInfo(name="id", type_name=ColumnTypeName.LONG, type_text="bigint", position=0, nullable=False),
            ColumnInfo(name="price", type_name=ColumnTypeName.DECIMAL, type_text="decimal(10,2)", position=1),
        ],
    )

    assert made.full_name == "dev.trips.readings"
    assert [(c.name, c.type_text, c.nullable) for c in made.columns or []] == [
        ("id", "bigint", False),
        ("price", "decimal(10,2)", True),
    ]
    assert open_snapshot(str(made.storage_location)).version == 0
    assert client.tables.exists("dev.trips.readings").table_exists
    assert [each.full_name for each in client.tables.list_summaries("dev", schema_name_pattern="tr%")] == [
        "dev.trips.readings"
    ]
    client.tables.delete("dev.trips.readings")
    assert not client.tables.exists("dev.trips.readings").table_exists


def test_lists_go_on_over_pages(served):
    client = workspace(served)
    for number in range(7):
        client.schemas.create(f"s{number}", "staging")

    pages = served.rest().get("/api/2.1/unity-catalog/schemas", catalog_name="staging", max_results=3)

    assert [each["name"] for each in pages["schemas"]] == ["s0", "s1", "s2"]
    listed = list(client.schemas.list("staging", max_results=3))
    assert [each.name for each in listed] == [f"s{number}" for number in range(7)]


def test_grants_are_given_seen_and_taken(served):
    client = workspace(served)

    client.grants.update(
        "CATALOG", "dev", changes=[PermissionsChange(principal="bob", add=[Privilege.USE_CATALOG, Privilege.MANAGE])]
    )

    direct = client.grants.get("CATALOG", "dev", principal="bob").privilege_assignments or []
    assert [(each.principal, set(each.privileges or [])) for each in direct] == [
        ("bob", {Privilege.USE_CATALOG, Privilege.MANAGE})
    ]
    effective = client.grants.get_effective("SCHEMA", "dev.trips", principal="bob").privilege_assignments or []
    [origin] = {p.inherited_from_name for each in effective for p in each.privileges or []}
    assert origin == "dev"
    client.grants.update("CATALOG", "dev", changes=[PermissionsChange(principal="bob", remove=[Privilege.MANAGE])])
    with pytest.raises(NotFound, match="MANAGE"):
        client.grants.update("CATALOG", "dev", changes=[PermissionsChange(principal="bob", remove=[Privilege.MANAGE])])


def test_credentials_for_local_tables_are_empty_and_need_the_privilege(served):
    table = served.make_table()
    table_id = str(workspace(served).tables.get(str(table)).table_id)

    answer = workspace(served).temporary_table_credentials.generate_temporary_table_credentials(
        operation=TableOperation.READ_WRITE, table_id=table_id
    )

    assert answer.as_dict() == {}
    with pytest.raises(NotFound):
        workspace(served, served.bob_token).temporary_table_credentials.generate_temporary_table_credentials(
            operation=TableOperation.READ, table_id=table_id
        )


def test_users_groups_and_service_principals(served):
    client = workspace(served)

    carol = client.users.create(user_name="carol@example.com", display_name="Carol")
    robot = client.service_principals.create(display_name="robot")
    team = client.groups.create(display_name="Data Team", members=[ComplexValue(value=str(carol.id))])
    client.groups.patch(
        str(team.id), operations=[Patch(op=PatchOp.ADD, path="members", value=[{"value": str(robot.id)}])]
    )

    assert {each.user_name for each in client.users.list()} >= {"alice", "bob", "carol@example.com"}
    assert [each.display_name for each in client.users.list(filter='userName eq "carol@example.com"')] == ["Carol"]
    assert {each.display for each in client.groups.get(str(team.id)).members or []} == {"carol@example.com", "robot"}
    with pytest.raises(ResourceAlreadyExists):
        client.users.create(user_name="Carol@Example.com")
    client.groups.delete(str(team.id))
    client.users.delete(str(carol.id))
    assert "carol@example.com" not in {each.user_name for each in client.users.list()}


def test_tokens_are_made_listed_and_revoked(served):
    client = workspace(served, served.bob_token)

    made = client.tokens.create(comment="laptop", lifetime_seconds=60)

    assert workspace(served, made.token_value).current_user.me().user_name == "bob"
    assert "laptop" in {each.comment for each in client.tokens.list()}
    client.tokens.delete(made.token_info.token_id)
    with pytest.raises(Exception, match="revoked"):
        workspace(served, made.token_value).current_user.me()
    with pytest.raises(PermissionDenied):
        list(client.token_management.list())


def test_an_administrator_makes_tokens_for_service_principals(served):
    client = workspace(served)
    robot = client.service_principals.create(display_name="robot")

    made = client.token_management.create_obo_token(application_id=str(robot.application_id), lifetime_seconds=60)

    assert workspace(served, made.token_value).current_user.me().user_name == "robot"


def test_volumes_and_tags(served):
    client = workspace(served)

    made = client.volumes.create("dev", "trips", "raw", VolumeType.MANAGED, comment="csv")
    client.entity_tag_assignments.create(
        EntityTagAssignment(entity_type="volumes", entity_name="dev.trips.raw", tag_key="pii", tag_value="no")
    )

    assert client.volumes.read("dev.trips.raw").storage_location == made.storage_location
    tags = client.entity_tag_assignments.list("volumes", "dev.trips.raw")
    assert [(each.tag_key, each.tag_value) for each in tags] == [("pii", "no")]
    client.volumes.delete("dev.trips.raw")
    assert list(client.volumes.list("dev", "trips")) == []


def test_tags_of_columns(served):
    client = workspace(served)
    client.tables.create(
        "people", "dev", "trips", TableType.MANAGED, DataSourceFormat.DELTA, "",
        columns=[ColumnInfo(name="mail", type_text="string", position=0, type_name=ColumnTypeName.STRING)],
    )  # fmt: skip
    column = "dev.trips.people.mail"
    assigned = client.entity_tag_assignments
    assigned.create(EntityTagAssignment(entity_type="columns", entity_name=column, tag_key="pii", tag_value="email"))
    assert [(each.tag_key, each.tag_value) for each in assigned.list("columns", column)] == [("pii", "email")]
    change = EntityTagAssignment(entity_type="columns", entity_name=column, tag_key="pii", tag_value="mail")
    assert assigned.update("columns", column, "pii", change, "tag_value").tag_value == "mail"
    assert assigned.get("columns", column, "pii").tag_value == "mail"
    assigned.delete("columns", column, "pii")
    assert list(assigned.list("columns", column)) == []
    with pytest.raises(NotFound):
        assigned.create(EntityTagAssignment(entity_type="columns", entity_name=f"{column}s", tag_key="pii"))
    with pytest.raises(BadRequest, match=r"catalog\.schema\.table\.column"):
        list(assigned.list("columns", "dev.trips.people"))
