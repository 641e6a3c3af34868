"""A playbook as people write it: steps that are done one after the other when something is wrong.

Stands in ``boathouse.yml`` under ``playbooks``; kept in time like everything that decides about production.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import InvalidName, ModelName
from boathouse.foundation.shapes import ExactShape
from boathouse.monitoring.alerts.rules import Name

MOST_STEPS = 30


def _model(text: str) -> str:
    try:
        return str(ModelName.parse(text))
    except InvalidName as error:
        raise ValueError(str(error)) from error


Model = Annotated[str, AfterValidator(_model)]
Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Endpoint = Annotated[str, Field(min_length=1, max_length=63)]


class ShiftTraffic(ExactShape):
    """Other shares for the entities of an endpoint."""

    endpoint: Endpoint
    routes: dict[str, float] = Field(min_length=1)
    """Percent by the name of the served entity; together 100. Those that are not named get none."""

    @model_validator(mode="after")
    def _sums_up(self) -> "ShiftTraffic":
        if any(share < 0 for share in self.routes.values()) or abs(sum(self.routes.values()) - 100) > 1e-6:
            raise ValueError("routes are percent, and together 100.")
        return self


class RollBack(ExactShape):
    """Production of a model goes back to an earlier champion that answers."""

    model: Model
    to: int | None = Field(default=None, ge=1)
    """A version; by default the champion before."""


class FallBack(ExactShape):
    """An endpoint serves a fixed version instead of what it follows, until somebody lets it follow again."""

    endpoint: Endpoint
    version: int = Field(ge=1)
    entity: str | None = None
    """The name of the served entity, where there are several."""


class FreezeRetraining(ExactShape):
    """No training of a model starts by itself before somebody says so."""

    model: Model


class Page(ExactShape):
    """Tell somebody now."""

    tell: list[str] = Field(min_length=1, max_length=20)
    """Notification destinations, or e-mail addresses."""
    message: Text | None = None


class RunJob(ExactShape):
    """Start a job."""

    job: Annotated[str, Field(min_length=1)]
    """Its id or its name."""
    parameters: dict[str, str] = Field(default_factory=dict[str, str])


class Approval(ExactShape):
    """Who has to agree before the step is done."""

    groups: list[str] = Field(min_length=1)
    """A member of any of them."""


class PlaybookStep(ExactShape):
    """One step: exactly one thing to do."""

    name: Text | None = None
    shift_traffic: ShiftTraffic | None = None
    roll_back: RollBack | None = None
    fall_back: FallBack | None = None
    freeze_retraining: FreezeRetraining | None = None
    page: Page | None = None
    run_job: RunJob | None = None
    approval: Approval | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> "PlaybookStep":
        said = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(f"a step does exactly one of {', '.join(ACTIONS)}; this does {said or 'none'}.")
        return self

    @property
    def action(self) -> str:
        """The name of what it does."""
        return next(name for name in ACTIONS if getattr(self, name) is not None)

    @property
    def given(self) -> Any:
        """What it does."""
        return getattr(self, self.action)

    @property
    def text(self) -> str:
        """For people."""
        return self.name or _TEXTS[self.action].format_map(self.given.model_dump())


ACTIONS = ("shift_traffic", "roll_back", "fall_back", "freeze_retraining", "page", "run_job")
_TEXTS = {
    "shift_traffic": "Shift the traffic of {endpoint}",
    "roll_back": "Roll {model} back",
    "fall_back": "Let {endpoint} serve version {version}",
    "freeze_retraining": "Freeze the retraining of {model}",
    "page": "Tell {tell}",
    "run_job": "Run the job {job}",
}


class Playbook(ExactShape):
    """One playbook in ``boathouse.yml``."""

    name: Name | None = None
    """By default the key."""
    description: str | None = None
    steps: list[PlaybookStep] = Field(min_length=1, max_length=MOST_STEPS)


def playbook_document(playbook: Playbook) -> dict[str, Any]:
    """A playbook as it is stored, compared and shown: what was said, without defaults."""
    return playbook.model_copy(update={"name": None}).model_dump(mode="json", exclude_defaults=True)


class NoPlaybookJob(InvalidInput):
    """The job of a playbook cannot be made."""
