"""The open-source Unity Catalog client, unmodified; it spells privileges with spaces and knows fewer of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from unitycatalog.client import (
    ApiClient,
    CatalogsApi,
    ColumnInfo,
    ColumnTypeName,
    Configuration,
    CreateCatalog,
    CreateSchema,
    CreateStagingTable,
    CreateTable,
    DataSourceFormat,
    GrantsApi,
    PermissionsChange,
    SchemasApi,
    SecurableType,
    TablesApi,
    TableType,
    UpdatePermissions,
)
from unitycatalog.client import Privilege as OpenPrivilege

from boathouse.catalog import Privilege, SecurableKind

pytestmark = pytest.mark.server


def talk(served, deed: Callable[[ApiClient], Awaitable[Any]]) -> Any:
    """Run with an API client; its own configuration of tokens sends nothing, so the header is set by hand."""

    async def run() -> Any:
        configuration = Configuration(host=f"{served.url}/api/2.1/unity-catalog")
        async with ApiClient(configuration, "Authorization", f"Bearer {served.admin_token}") as client:
            return await deed(client)

    return asyncio.run(run())


def test_catalogs_schemas_and_tables(served):
    served.make_table()

    async def deed(client: ApiClient) -> Any:
        await CatalogsApi(client).create_catalog(CreateCatalog(name="open", comment="source"))
        await SchemasApi(client).create_schema(CreateSchema(name="s", catalog_name="open"))
        listed = await TablesApi(client).list_tables("dev", "trips")
        return (await TablesApi(client).get_table("dev.trips.rides")), listed.tables

    table, listed = talk(served, deed)

    assert (table.table_type, table.data_source_format) == (TableType.MANAGED, DataSourceFormat.DELTA)
    assert [column.type_name for column in table.columns] == [ColumnTypeName.LONG, ColumnTypeName.STRING]
    assert [each.name for each in listed] == ["rides"]


def test_a_staged_table_is_written_by_the_client_and_then_named(served):
    import pyarrow as pa

    from boathouse.lake.tables import create_table

    async def deed(client: ApiClient) -> Any:
        tables = TablesApi(client)
        staged = await tables.create_staging_table(
            CreateStagingTable(name="own", catalog_name="dev", schema_name="trips")
        )
        create_table(staged.staging_location, pa.schema([("a", pa.int32())]))
        return await tables.create_table(
            CreateTable(
                name="own",
                catalog_name="dev",
                schema_name="trips",
                table_type=TableType.MANAGED,
                data_source_format=DataSourceFormat.DELTA,
                storage_location=staged.staging_location,
                columns=[ColumnInfo(name="a", type_name=ColumnTypeName.INT, type_text="int", position=0)],
            )
        )

    made = talk(served, deed)

    assert [column.type_text for column in made.columns] == ["int"]


def test_grants_in_its_own_spelling_without_what_it_does_not_know(served):
    served.let_bob(Privilege.MANAGE, Privilege.BROWSE)

    async def deed(client: ApiClient) -> Any:
        change = PermissionsChange(principal="bob", add=[OpenPrivilege.USE_CATALOG, OpenPrivilege.SELECT], remove=[])
        return await GrantsApi(client).update(SecurableType.CATALOG, "dev", UpdatePermissions(changes=[change]))

    answer = talk(served, deed)

    assert {each.principal: set(each.privileges) for each in answer.privilege_assignments} == {
        "bob": {OpenPrivilege.USE_CATALOG, OpenPrivilege.SELECT}
    }
    assert served.catalog.grants.allows(
        served.catalog.identities.principal("bob"), Privilege.MANAGE, SecurableKind.CATALOG, "dev"
    )
