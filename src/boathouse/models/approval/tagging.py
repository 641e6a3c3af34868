"""Signatures as MLflow's users see and give them: the tag of a model version that is called like the approval task.

A deployment job of one's own may look at the tag, so it says ``Approved`` only when enough have signed.
"""

import re
from collections.abc import Callable
from contextlib import suppress

from boathouse.foundation.errors import NotFound
from boathouse.models.approval.nouns import Say, Tally
from boathouse.models.stores import MlflowStores

DEFAULT_KEY = "approval"
APPROVED, REJECTED = "Approved", "Rejected"
_KEY = re.compile(r"approval[\w\- ]*", re.IGNORECASE)
_WORDS = {"approved": Say.APPROVED, "rejected": Say.REFUSED}


def is_approval_key(key: str) -> bool:
    """Whether a tag goes by the name of an approval task: one whose key begins with ``approval``."""
    return _KEY.fullmatch(key) is not None


def say_of(key: str, value: str) -> Say | None:
    """What somebody means who sets a tag; None for one that is only a tag."""
    return _WORDS.get(value.strip().lower()) if is_approval_key(key) else None


def shown(tally: Tally) -> str | None:
    """The tag's value; None: nobody has said anything that holds, and there is no tag."""
    if tally.refused:
        return REJECTED
    if tally.approved:
        return APPROVED if tally.is_complete else f"{len(tally.approved)} of {tally.needed}"
    return None


class ApprovalTags:
    """Keeps the tags of versions in line with what was said."""

    def __init__(self, stores: MlflowStores) -> None:
        self._stores = stores
        self.key_of: Callable[[str], str | None] = lambda _: None
        """The approval task of a model's deployment job."""

    def show(self, model: str, version: int, tally: Tally) -> None:
        """Set the tag, or take it away."""
        from mlflow.entities.model_registry import ModelVersionTag

        registry = self._stores.registry
        found = self._stores.call(lambda: registry.get_model_version(model, str(version)))
        tags = dict(found.tags or {})
        ours = self.key_of(model) or DEFAULT_KEY
        value = shown(tally)
        for key in {key for key in tags if is_approval_key(key)} | {ours}:
            if value is not None and tags.get(key) != value:
                tag = ModelVersionTag(key, value)
                self._stores.call(lambda: registry.set_model_version_tag(model, str(version), tag))  # noqa: B023
            elif value is None and key in tags:
                with suppress(NotFound):
                    self._stores.call(lambda: registry.delete_model_version_tag(model, str(version), key))  # noqa: B023
