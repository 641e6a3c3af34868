"""Calls as Databricks documents them for its client of this name: who moves here changes an import, and no call."""

import pandas as pd
import pytest

from boathouse.features import FeatureEngineeringClient, FeatureLookup
from boathouse.foundation.errors import InvalidInput, NotFound

AT = pd.to_datetime(["2025-01-01", "2025-02-01", "2025-01-01"], utc=True)
VALUES = pd.DataFrame({"user_id": [1, 1, 2], "ts": AT, "purchases": [1.0, 4.0, 2.0]})


@pytest.mark.parametrize("told", ["ts", ["ts"]])
def test_the_time_column_has_both_of_its_documented_names(fe: FeatureEngineeringClient, told: str | list[str]):
    made = fe.create_table(name="dev.shop.users", primary_keys=["user_id", "ts"], timeseries_columns=told, df=VALUES)
    assert made.timeseries_column == "ts"
    assert made.timestamp_keys == made.timeseries_columns == ["ts"]


def test_several_time_columns_or_two_that_differ_are_refused(fe: FeatureEngineeringClient):
    with pytest.raises(InvalidInput, match="one column, not 2: ts, at"):
        fe.create_table(name="dev.shop.users", primary_keys="user_id", timeseries_columns=["ts", "at"], df=VALUES)
    with pytest.raises(InvalidInput, match="ts, and timeseries_columns at"):
        fe.create_table(
            name="dev.shop.users", primary_keys="user_id", timeseries_column="ts", timeseries_columns="at", df=VALUES
        )


def test_how_a_cluster_would_join_changes_nothing(fe: FeatureEngineeringClient):
    fe.create_table(name="dev.shop.users", primary_keys=["user_id", "ts"], timeseries_column="ts", df=VALUES)
    asked = pd.DataFrame({"user_id": [1], "day": pd.to_datetime(["2025-01-15"], utc=True)})
    lookup = FeatureLookup(table_name="dev.shop.users", lookup_key="user_id", timestamp_lookup_key="day")
    found = fe.create_training_set(df=asked, feature_lookups=[lookup], label=None, use_spark_native_join=True)
    assert found.load_df()["purchases"].tolist() == [1.0]


def test_another_environment_to_score_in_is_refused_before_anything_is_read(fe: FeatureEngineeringClient):
    with pytest.raises(InvalidInput, match="env_manager='virtualenv'") as refused:
        fe.score_batch(model_uri="models:/dev.shop.none/1", df=VALUES, env_manager="virtualenv")
    assert "local" in str(refused.value.hint)


def test_an_online_store_has_capacity_replicas_and_a_state_in_name_only(fe: FeatureEngineeringClient):
    store = fe.create_online_store(name="fast", capacity="CU_1", read_replica_count=2)
    assert fe.update_online_store(name="fast", capacity="CU_2") == store
    assert (store.state, store.capacity) == ("AVAILABLE", None)
    with pytest.raises(NotFound, match="slow"):
        fe.update_online_store(name="slow", capacity="CU_2")


def test_an_online_table_is_dropped_where_it_lies_and_its_feature_table_stays(fe: FeatureEngineeringClient):
    fe.create_table(name="dev.shop.users", primary_keys=["user_id", "ts"], timeseries_column="ts", df=VALUES)
    store = fe.create_online_store(name="fast", capacity="CU_1")
    fe.publish_table(online_store=store, source_table_name="dev.shop.users", online_table_name="dev.shop.users_now")
    with pytest.raises(NotFound, match="in the online store fast, not in default"):
        fe.drop_online_table(name="dev.shop.users_now", online_store="default")
    fe.drop_online_table(name="dev.shop.users_now", online_store=store)
    with pytest.raises(NotFound, match="Nothing is published"):
        fe.drop_online_table(name="dev.shop.users_now")
    assert fe.get_table(name="dev.shop.users").features == ["purchases"]


def test_a_time_to_live_in_seconds_is_told_to_be_a_timedelta(fe: FeatureEngineeringClient):
    fe.create_table(name="dev.shop.users", primary_keys=["user_id", "ts"], timeseries_column="ts", df=VALUES)
    with pytest.raises(InvalidInput, match=r"time_to_live of dev\.shop\.users is 3600, which is no timedelta"):
        fe.publish_table(source_table_name="dev.shop.users", time_to_live=3600)  # type: ignore[arg-type]
