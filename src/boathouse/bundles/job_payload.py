"""A job in a bundle: the settings of the jobs room, and who may see, run and manage it."""

from pydantic import Field

from boathouse.bundles.access_payloads import JobAccess
from boathouse.foundation.shapes import Unused
from boathouse.jobs.settings import JobSettings

BUNDLE_FIELDS = frozenset({"permissions", "lifecycle"})


class JobPayload(JobSettings):
    """What stands under ``resources.jobs.<key>``."""

    permissions: list[JobAccess] | None = Field(default=None)
    lifecycle: Unused = None

    def settings(self) -> JobSettings:
        """The part that the jobs room knows."""
        return JobSettings.model_validate(
            self.model_dump(exclude=set(BUNDLE_FIELDS), exclude_unset=True, by_alias=True)
        )
