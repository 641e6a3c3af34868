"""What can be granted, where, and which privileges a privilege implies."""

from enum import StrEnum

from boathouse.foundation.errors import InvalidInput, did_you_mean


class Privilege(StrEnum):
    """The privileges, in the Databricks spelling; the open-source spelling has spaces for underscores."""

    ALL_PRIVILEGES = "ALL_PRIVILEGES"
    USE_CATALOG = "USE_CATALOG"
    USE_SCHEMA = "USE_SCHEMA"
    BROWSE = "BROWSE"
    SELECT = "SELECT"
    MODIFY = "MODIFY"
    READ_VOLUME = "READ_VOLUME"
    WRITE_VOLUME = "WRITE_VOLUME"
    EXECUTE = "EXECUTE"
    APPLY_TAG = "APPLY_TAG"
    MANAGE = "MANAGE"
    CREATE_CATALOG = "CREATE_CATALOG"
    CREATE_SCHEMA = "CREATE_SCHEMA"
    CREATE_TABLE = "CREATE_TABLE"
    CREATE_EXTERNAL_TABLE = "CREATE_EXTERNAL_TABLE"
    CREATE_EXTERNAL_VOLUME = "CREATE_EXTERNAL_VOLUME"
    CREATE_VOLUME = "CREATE_VOLUME"
    CREATE_FUNCTION = "CREATE_FUNCTION"
    CREATE_MODEL = "CREATE_MODEL"
    CREATE_MODEL_VERSION = "CREATE_MODEL_VERSION"
    CREATE_EXPERIMENT = "CREATE_EXPERIMENT"
    CREATE_JOB = "CREATE_JOB"
    CREATE_ENDPOINT = "CREATE_ENDPOINT"
    READ_EXPERIMENT = "READ_EXPERIMENT"
    WRITE_EXPERIMENT = "WRITE_EXPERIMENT"
    VIEW_JOB = "VIEW_JOB"
    RUN_JOB = "RUN_JOB"
    CREATE_SECRET_SCOPE = "CREATE_SECRET_SCOPE"
    READ_SECRET = "READ_SECRET"
    WRITE_SECRET = "WRITE_SECRET"

    @classmethod
    def parse(cls, text: str) -> "Privilege":
        """Read either spelling, in any case.

        Raises:
            InvalidInput: There is no such privilege.
        """
        spelled = "_".join(text.upper().replace("_", " ").split())
        spelled = {"CREATE_REGISTERED_MODEL": "CREATE_MODEL"}.get(spelled, spelled)
        try:
            return cls(spelled)
        except ValueError as error:
            raise InvalidInput(f"There is no privilege {text!r}.", hint=did_you_mean(spelled, cls)) from error

    @property
    def in_words(self) -> str:
        """The open-source and SQL spelling: ``USE CATALOG``."""
        return self.value.replace("_", " ")
