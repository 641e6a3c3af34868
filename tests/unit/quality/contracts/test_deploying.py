"""Contracts as a bundle deploys them."""

from boathouse.bundles.resources.contracts import BundleContracts
from boathouse.bundles.resources.kind import Origin, changes
from boathouse.foundation.names import TableName

ORIGIN = Origin("shop", "prod", "d1")
NAME = TableName.parse("dev.shop.orders")


def test_a_deployment_attaches_changes_and_detaches(house, orders):
    house.write("orders", [{"id": 1, "price": 5.0, "state": "new", "day": house.clock.now().date()}])
    kind = BundleContracts(house.catalog, house.contracts)
    payload = {"table": str(NAME), "document": orders}

    assert list(kind.remarks(house.root, payload)) == []
    assert kind.find(house.root, payload) is None
    assert kind.create(house.root, payload, ORIGIN) == str(NAME)
    existing = kind.find(house.root, payload)
    assert existing is not None
    assert changes(existing, kind.wanted(payload, {}, ORIGIN)) == []

    other = {**payload, "quarantine": "dev.shop.bad"}
    assert [each.field for each in changes(existing, kind.wanted(other, payload, ORIGIN))] == ["quarantine"]
    kind.update(house.root, existing, other, payload, ORIGIN)
    assert house.contracts.quarantine(house.root, NAME) == "dev.shop.bad"

    kind.require_manage(house.root, existing)
    kind.delete(house.root, existing, with_data=False)
    assert kind.find(house.root, payload) is None


def test_a_table_that_is_not_there_yet_gets_its_contract_from_the_next_deployment(house, orders):
    kind = BundleContracts(house.catalog, house.contracts)
    payload = {"table": str(NAME), "document": orders}

    (remark,) = kind.remarks(house.root, payload)
    assert "The next deployment" in remark
    kind.create(house.root, payload, ORIGIN)
    assert kind.find(house.root, payload) is None

    house.write("orders", [{"id": 1, "price": 5.0, "state": "new", "day": house.clock.now().date()}])
    kind.create(house.root, payload, ORIGIN)
    assert kind.find(house.root, payload) is not None
