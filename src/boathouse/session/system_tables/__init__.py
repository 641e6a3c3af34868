"""Tables that Boathouse keeps about itself, and the information schemas: rows computed from the law when asked for.

The columns are those of Databricks' system tables. What has no meaning here (an account, a workspace) is 0 or null.
"""

from boathouse.session.system_tables.higher_rooms import Providers
from boathouse.session.system_tables.information import INFORMATION
from boathouse.session.system_tables.tables import SYSTEM, SYSTEM_FORMAT, SystemTables, is_system

__all__ = ["INFORMATION", "SYSTEM", "SYSTEM_FORMAT", "Providers", "SystemTables", "is_system"]
