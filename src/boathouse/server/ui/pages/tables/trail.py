"""The way to what lies in a schema."""

from boathouse.foundation.names import quote_part, split_name
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb


def trail_to(full_name: str) -> list[Crumb]:
    """Catalog, then the catalog and the schema that a thing lies in."""
    catalog, schema, *_ = split_name(full_name)
    place = f"{quote_part(catalog)}.{quote_part(schema)}"
    return [
        Crumb("Catalog", addresses.CATALOG),
        Crumb(catalog, addresses.catalog(quote_part(catalog))),
        Crumb(schema, addresses.catalog(place)),
    ]
