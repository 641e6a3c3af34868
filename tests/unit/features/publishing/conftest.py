"""The registry of online stores beside the law: tables that are published are not dropped."""

import pytest

from boathouse.catalog import Catalog
from boathouse.features.online.registry.service import LocalOnlineRegistry


@pytest.fixture(autouse=True)
def registry(catalog: Catalog) -> LocalOnlineRegistry:
    made = LocalOnlineRegistry(catalog)
    catalog.securables.keep_for(made.require_unpublished)
    return made
