"""Where the keys of the secrets are: given by a setting, else in a file of the home."""

from pathlib import Path

from boathouse.catalog.secrets import GivenKeys, Keys
from boathouse.foundation.errors import InvalidInput, Unavailable
from boathouse.foundation.settings import PREFIX, Settings


def secret_keys(settings: Settings) -> Keys | None:
    """The keys that were given; None: those of the home.

    Raises:
        InvalidInput: What was given is no key, or two places were named.
        Unavailable: The file that was named cannot be read.
    """
    if settings.secrets_key and settings.secrets_key_file:
        raise InvalidInput(f"{PREFIX}SECRETS_KEY and {PREFIX}SECRETS_KEY_FILE are both set.", hint="Keep one of them.")
    if settings.secrets_key:
        return _checked(GivenKeys(settings.secrets_key, f"{PREFIX}SECRETS_KEY"))
    if settings.secrets_key_file:
        file = Path(settings.secrets_key_file).expanduser()
        try:
            return _checked(GivenKeys(file.read_text(), str(file)))
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"The key file {file} cannot be read: {error}.") from error
    return None


def _checked(keys: GivenKeys) -> GivenKeys:
    keys.all()
    return keys
