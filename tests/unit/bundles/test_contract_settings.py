"""``contracts`` of ``boathouse.yml``: read for a target, told with file and line where it is wrong."""

import re
from pathlib import Path

import pytest
import yaml

from boathouse.bundles.substitution import resolve_pending

from .conftest import Folder

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "data-contracts.md").read_text()
FILE = """\
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
schema:
  - name: orders
    properties: [{name: id, logicalType: integer, required: true}]
"""
RULES = "contracts:\n  raw:\n    table: dev.shop.raw\n    expectations:\n    - {name: priced, expect: %s}\n"


@pytest.fixture
def bundle(folder: Folder) -> Folder:
    folder.write("databricks.yml", "bundle: {name: shop}\ntargets: {dev: {}, prod: {default: true}}\n")
    folder.write("contracts/orders.odcs.yaml", FILE)
    return folder


def payloads(bundle: Folder, target: str) -> dict[str, dict[str, object]]:
    found = bundle.read(target).desired(None).resources
    return {one.id.key: one.payload for one in found if one.id.section == "contracts"}  # type: ignore[misc]


def test_the_example_of_the_page_is_valid(bundle: Folder) -> None:
    (example,) = [each for each in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if each.startswith("contracts:")]
    bundle.write("boathouse.yml", example)

    assert (bundle.errors("dev"), bundle.errors("prod")) == ([], [])
    assert payloads(bundle, "dev")["orders"]["table"] == "dev.shop.orders"
    found = payloads(bundle, "prod")
    assert found["orders"] == {"table": "prod.shop.orders", "document": FILE, "quarantine": "prod.shop.orders_bad"}
    (table,) = yaml.safe_load(str(found["raw"]["document"]))["schema"]
    assert [(each["name"], each["customProperties"][0]["value"]) for each in table["quality"]] == [
        ("priced", "quarantine"), ("dated", "refuse"), ("small", "keep"),
    ]  # fmt: skip


def test_what_a_contract_calls_its_table_is_no_reference_of_the_bundle(bundle: Folder) -> None:
    rule = "    quality: [{type: sql, query: 'SELECT count(*) FROM ${object}', mustBe: 0}]\n"
    bundle.write("contracts/orders.odcs.yaml", FILE + rule)
    bundle.write("boathouse.yml", "contracts: {orders: {table: a.b.c, file: contracts/orders.odcs.yaml}}")

    assert bundle.errors("prod") == []
    assert resolve_pending(payloads(bundle, "prod")["orders"], lambda path: path)["document"] == FILE + rule


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("contracts: {orders: {table: a.b.c}}", "exactly one of file and expectations"),
        ("contracts: {orders: {table: orders, file: contracts/orders.odcs.yaml}}", "contracts.orders.table"),
        ("contracts: {orders: {table: a.b.c, file: ../orders.yaml}}", "leads out of the bundle"),
        ("contracts: {orders: {table: a.b.c, file: none.yaml}}", "boathouse contract infer a.b.c"),
        ("contracts: {orders: {table: a.b.c, file: bad.odcs.yaml}}", "bad.odcs.yaml:8"),
        (RULES % "price >", "contracts.raw: price > is no condition"),
        (RULES % "price > 0, on_violation: drop", "on_violation"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(bundle: Folder, said: str, told: str) -> None:
    bundle.write("bad.odcs.yaml", FILE + "    quality: [{type: library, metric: odd, mustBe: 0}]\n")
    bundle.write("boathouse.yml", said)

    (error,) = bundle.errors("prod")

    assert "boathouse.yml:" in error
    assert told in error
