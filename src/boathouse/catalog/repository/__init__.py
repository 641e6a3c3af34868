"""The catalog's SQL. Each function runs on a connection that the verb has opened, so that what belongs together commits
together; nothing outside this folder and ``metastore`` knows SQLAlchemy."""

from sqlalchemy import Connection

__all__ = ["Connection"]
