"""The one registry of tables. Each room defines its own tables on it, in its ``repository.py``.

Instants are integers: milliseconds since 1970-01-01 UTC.
"""

from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

COUNTER = BigInteger().with_variant(Integer, "sqlite")
"""The type of a primary key that counts up by itself; on SQLite only an INTEGER does."""
