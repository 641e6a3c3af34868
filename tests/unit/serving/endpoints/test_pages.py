"""The pages about endpoints say what is so."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from boathouse.foundation.shapes import fit
from boathouse.serving.endpoints.access import LEVELS
from boathouse.serving.endpoints.policy import EndpointPolicy

DOCS = Path(__file__).parents[4] / "docs"
REFERENCE = (DOCS / "reference" / "endpoints.md").read_text()
HOW_TO = (DOCS / "how-to" / "serve-online.md").read_text()
ELSEWHERE = {
    "error_rate",
    "guard",
    "latency_p99_ms",
    "latency_ratio",
    "prediction_psi",
    "skew_rate",
    "function",
    "value",
}
"""Fields that the pages on canaries and fallback explain."""


def test_every_field_of_a_policy_is_on_the_page() -> None:
    fields: set[str] = set()
    pending: list[Any] = [EndpointPolicy]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            fields |= set(annotation.model_fields)
            pending += [field.annotation for field in annotation.model_fields.values()]
        pending += getattr(annotation, "__args__", ())
    missing = [name for name in sorted(fields - ELSEWHERE) if not re.search(rf"\b{name}\b", REFERENCE)]
    assert missing == []


def test_the_examples_are_valid() -> None:
    for page in (REFERENCE, HOW_TO):
        for text in re.findall(r"```yaml\n(endpoints:.*?)```", page, re.DOTALL):
            for policy in yaml.safe_load(text)["endpoints"].values():
                fit(EndpointPolicy, policy, what="The example")


def test_every_level_is_on_the_page() -> None:
    assert [level for level, privilege in LEVELS.items() if f"| `{level}` | `{privilege}` |" not in REFERENCE] == []
