"""A revision of requirements as JSON."""

from typing import Any

from boathouse.models.requirements.nouns import Revision
from boathouse.models.requirements.repository import document_of


def revision_json(revision: Revision) -> dict[str, Any]:
    """Everything that is known of it."""
    return {
        "model": revision.model,
        "revision": revision.revision,
        "requirements": document_of(revision.requirements),
        "card_text": revision.card_text,
        "source": revision.source.to_json(),
        "principal": revision.principal,
        "valid_from": revision.valid_from,
        "valid_to": revision.valid_to,
        "ended_by": revision.ended_by,
    }
