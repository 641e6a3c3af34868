"""A contract for the tests, and variations of it."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

ORDERS = """
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: active
description: {purpose: What people bought}
schema:
  - name: orders
    properties:
      - name: id
        logicalType: integer
        primaryKey: true
      - name: price
        logicalType: number
        required: true
        logicalTypeOptions: {minimum: 0}
      - name: state
        logicalType: string
        quality:
          - {type: library, metric: invalidValues, arguments: {validValues: [new, paid]}, mustBe: 0, severity: critical}
      - name: day
        logicalType: date
    quality:
      - {name: has rows, type: library, metric: rowCount, mustBeGreaterThan: 0}
      - type: sql
        name: nothing from tomorrow
        query: SELECT count(*) FROM ${object} WHERE day > DATE '2013-03-01'
        mustBe: 0
        severity: warning
slaProperties:
  - {property: freshness, value: 2, unit: d, element: orders.day}
  - {property: retention, value: 1, unit: y, element: orders.day}
team:
  members: [{username: bob, role: steward}, {username: ada, role: Data Owner}]
"""


@pytest.fixture
def orders() -> str:
    return ORDERS


@pytest.fixture
def with_column() -> Callable[..., str]:
    """The contract with one column changed; a new one where there is none of that name."""

    def make(name: str, **changes: Any) -> str:
        document = yaml.safe_load(ORDERS)
        columns = document["schema"][0]["properties"]
        column = next((each for each in columns if each["name"] == name), None)
        if column is None:
            columns.append({"name": name, **changes})
        else:
            column.update(changes)
        return yaml.safe_dump(document)

    return make


@pytest.fixture
def with_quality() -> Callable[..., str]:
    """The contract with other rules for the table."""

    def make(*rules: dict[str, Any], **document: Any) -> str:
        changed = {**yaml.safe_load(ORDERS), **document}
        changed["schema"][0]["quality"] = list(rules)
        return yaml.safe_dump(changed)

    return make
