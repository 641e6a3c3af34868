"""Settings from the environment."""

import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.settings import LogFormat, Settings


def test_variables_are_read_by_type_and_overrides_win() -> None:
    settings = Settings.from_environment({"BOATHOUSE_PORT": "9000", "BOATHOUSE_LOG_FORMAT": "json"}, port=9100)
    assert settings.port == 9100
    assert settings.log_format is LogFormat.JSON


@pytest.mark.parametrize(("text", "read"), [("true", True), ("No", False), ("0", False), ("1", True)])
def test_yes_and_no_are_read(text: str, read: bool) -> None:
    assert Settings.from_environment({"BOATHOUSE_OIDC_CREATE_USERS": text}).oidc_create_users is read


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORT", "many", "a whole number"),
        ("LOG_FORMAT", "xml", "text or json"),
        ("OIDC_CREATE_USERS", "perhaps", "true or false"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(variable: str, value: str, expected: str) -> None:
    with pytest.raises(InvalidInput, match=f"BOATHOUSE_{variable} is '{value}', but {expected} is expected"):
        Settings.from_environment({f"BOATHOUSE_{variable}": value})
