"""What a model version's address means now, asked of the registry that this process is set up with."""

from dataclasses import replace

from boathouse.foundation.errors import InvalidInput
from boathouse.models.addresses import ModelAddress, parse_address
from boathouse.models.feature_models import asked


def version_named(text: str) -> ModelAddress:
    """The address with the number of the version that it means.

    Raises:
        InvalidInput: It is none, or names no version.
        NotFound, Denied: There is no such version, or the principal may not know of it.
    """
    address = parse_address(text)
    if address.version is not None:
        return address
    if address.alias is None:
        raise InvalidInput(
            f"{address.name} has several versions.", hint=f"Write {address.name}@champion, or a number behind the @."
        )
    import mlflow

    alias = address.alias
    found = asked(lambda: mlflow.MlflowClient().get_model_version_by_alias(str(address.name), alias))
    return replace(address, version=int(found.version), alias=None)
