"""What a caller has to send: a model's own columns, or the keys from which features fill them."""

from pathlib import Path
from typing import TYPE_CHECKING

from boathouse.serving.scoring.signature import Column, Kind, Type
from boathouse.serving.snapshot.nouns import LiveEntity

if TYPE_CHECKING:
    from boathouse.features.feature_spec import FeatureSpec

_KINDS = {
    "boolean": Kind.BOOLEAN,
    "tinyint": Kind.INTEGER,
    "smallint": Kind.INTEGER,
    "int": Kind.INTEGER,
    "bigint": Kind.LONG,
    "float": Kind.FLOAT,
    "double": Kind.DOUBLE,
    "string": Kind.STRING,
    "binary": Kind.BINARY,
    "date": Kind.DATETIME,
    "timestamp": Kind.DATETIME,
    "timestamp_ntz": Kind.DATETIME,
}
"""By Spark SQL type. What is not here may be anything."""


def spec_of(entity: LiveEntity) -> "FeatureSpec | None":
    """The feature spec that an entity is, or that its model carries."""
    from boathouse.features.specs.spec_files import SPEC_FILE, read_spec

    if entity.spec is not None:
        return read_spec(entity.spec, place=entity.entity)
    file = Path(entity.folder or "", SPEC_FILE)
    return read_spec(file.read_text(encoding="utf-8"), place=str(file)) if entity.folder and file.is_file() else None


def columns_asked(spec: "FeatureSpec") -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """The columns that a caller sends, and those that he may send in place of what would be looked up."""
    from boathouse.features.feature_spec import Lookup

    types = dict(spec.frame)
    needed: dict[str, None] = {}
    made: dict[str, str] = {}
    for step in spec.steps:
        wanted = [column for column, _ in step.keys] if isinstance(step, Lookup) else [name for _, name in step.inputs]
        needed |= dict.fromkeys(name for name in wanted if name not in made)
        outputs = step.outputs if isinstance(step, Lookup) else (step,)
        made |= {each.name: each.type_text for each in outputs}
    needed |= dict.fromkeys(name for name in spec.inputs if name not in made)
    asked = tuple(Column(name, _type(types.get(name))) for name in needed)
    return asked, tuple(Column(name, _type(text), required=False) for name, text in made.items())


def _type(text: str | None) -> Type:
    plain = (text or "").strip().lower()
    return Type(Kind.DOUBLE if plain.startswith("decimal") else _KINDS.get(plain, Kind.ANY))
