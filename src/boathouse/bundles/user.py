"""The names of the acting user that a bundle can refer to."""

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Who deploys, as the control plane knows them."""

    user_name: str

    @property
    def short_name(self) -> str:
        """The name before the @, in letters, digits and underscores: ``ann.smith@lake.org`` gives ``ann_smith``."""
        plain = unicodedata.normalize("NFKD", self.user_name.split("@", 1)[0])
        ascii_only = plain.encode("ascii", "ignore").decode()
        return re.sub(r"[^A-Za-z0-9]+", "_", ascii_only).strip("_").lower() or "user"

    @property
    def domain_friendly_name(self) -> str:
        """The short name as a part of a host name can hold it."""
        return self.short_name.replace("_", "-")

    def to_json(self) -> dict[str, str]:
        return {
            "userName": self.user_name,
            "short_name": self.short_name,
            "domain_friendly_name": self.domain_friendly_name,
        }
