"""Feature tables as JSON, for the API and the command line."""

from dataclasses import asdict
from typing import Any

from boathouse.features.inventory.nouns import Consumer, Freshness, ShownTable
from boathouse.features.online.registry.wire import publication_json
from boathouse.features.tables.feature_tables import FeatureTable

Json = dict[str, Any]


def feature_table_json(table: FeatureTable) -> Json:
    columns = {column.name: column for column in table.columns}
    return {
        "name": table.name,
        "primary_keys": table.primary_keys,
        "timeseries_column": table.timeseries_column,
        "known_column": table.known.column,
        "known_lag_seconds": table.known.lag.total_seconds(),
        "known_by_commit": table.known_by_commit,
        "freshness_seconds": table.freshness.total_seconds() if table.freshness is not None else None,
        "owner": table.owner,
        "comment": table.description,
        "tags": table.tags,
        "created_at": table.created_at,
        "features": [
            {"name": name, "type_text": columns[name].type_text, "comment": columns[name].comment}
            for name in table.features
        ],
    }


def shown_json(shown: ShownTable) -> Json:
    return {
        **feature_table_json(shown.table),
        "version": shown.version,
        "freshness": freshness_json(shown.freshness),
        "published": [publication_json(each) for each in shown.published],
        "consumers": shown.consumers,
    }


def freshness_json(freshness: Freshness | None) -> Json | None:
    return None if freshness is None else asdict(freshness)


def consumer_json(consumer: Consumer) -> Json:
    return {**asdict(consumer), "features": None if consumer.features is None else list(consumer.features)}
