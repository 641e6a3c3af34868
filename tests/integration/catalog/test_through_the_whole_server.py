"""The same doors in the real process that ``boathouse up`` starts, with MLflow mounted behind them."""

import polars as pl
import pytest
from databricks.sdk import WorkspaceClient

from boathouse.foundation.errors import NotFound, Unauthenticated

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore::polars.exceptions.UnstableWarning")]


def test_polars_and_the_sdk_meet_at_one_table(boathouse):
    sdk = WorkspaceClient(host=boathouse.url, token=boathouse.token, auth_type="pat")
    sdk.schemas.create("met", "dev")
    catalog = pl.Catalog(boathouse.url, bearer_token=boathouse.token, require_https=False)

    catalog.create_table("dev", "met", "t", schema={"a": pl.Int64}, table_type="MANAGED", data_source_format="DELTA")
    catalog.write_table(pl.DataFrame({"a": [1, 2]}), "dev", "met", "t", delta_mode="append")

    assert catalog.scan_table("dev", "met", "t").collect()["a"].to_list() == [1, 2]
    assert [column.type_text for column in sdk.tables.get("dev.met.t").columns or []] == ["bigint"]


def test_a_stranger_and_a_liar_are_told_apart(boathouse):
    admin = boathouse.client()
    admin.post("/api/boathouse/v1/principals", {"name": "stranger@met", "kind": "user"})
    token = admin.post("/api/2.0/token/create", {"user_name": "stranger@met", "lifetime_seconds": 600})["token_value"]

    with pytest.raises(NotFound, match=r"Catalog prod was not found"):
        boathouse.client(token).get("/api/2.1/unity-catalog/catalogs/prod")
    with pytest.raises(Unauthenticated, match="not known"):
        boathouse.client("bhs_made_up").get("/api/2.1/unity-catalog/catalogs/prod")
