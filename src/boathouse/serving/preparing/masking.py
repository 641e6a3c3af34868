"""Which columns of requests, features and answers are masked because of tags: of tables that a model was trained on or
takes features from, and of the table where its predictions are kept."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from boathouse.catalog import Table
from boathouse.features.feature_spec import FeatureSpec
from boathouse.foundation.errors import BoathouseError
from boathouse.serving.capture.layout import FEATURE, FEATURE_TIME, IN, OUT, PREDICTION, column_name
from boathouse.serving.scoring.mlmodel import read_model_folder
from boathouse.serving.snapshot.nouns import LiveEntity

TableOf = Callable[[str], Table | None]
"""The table of that name, if it is there."""

PREDICTIONS = "predictions"
"""Where an answer has the predictions that have no names."""


class Reader(Protocol):
    """A version that answers, as far as this file asks."""

    @property
    def entity(self) -> LiveEntity: ...

    @property
    def tables(self) -> Sequence[str]: ...

    @property
    def spec(self) -> FeatureSpec | None: ...


def masked_by_tag(readers: Iterable[Reader], table_of: TableOf, tags: Sequence[str]) -> frozenset[str]:
    """The names under which values of tagged columns come to an endpoint: their own, those of the features that they
    are looked up as, and those of the request's columns that are compared with them as keys."""
    found: set[str] = set()
    for reader in readers:
        for name in reader.tables:
            table = table_of(name)
            columns = tagged_columns(table, tags) if table is not None else frozenset[str]()
            found |= columns | _elsewhere(reader.spec, name, columns)
    return frozenset(found)


def comes_in_requests(readers: Sequence[Reader], table_of: TableOf, tag: str) -> bool:
    """Whether a column with the tag is asked for or looked up. One of a table behind a model that the model does not
    take is not; where nobody knows what a model takes, each is."""
    tagged = masked_by_tag(readers, table_of, [tag])
    names = names_in(readers)
    return not tagged.isdisjoint(names) if names else bool(tagged)


def tagged_columns(table: Table, tags: Sequence[str]) -> frozenset[str]:
    """The columns of a table that carry one of the tags; by a tag of the table those that its value names, else all."""
    found = {column.name for column in table.columns if not set(tags).isdisjoint(column.tags)}
    every = {column.name for column in table.columns}
    for tag in set(tags) & set(table.securable.tags):
        found |= {part.strip() for part in table.securable.tags[tag].split(",")} & every or every
    return frozenset(found)


def masked_in_answers(table: Table, tags: Sequence[str], names: Iterable[str]) -> frozenset[str]:
    """What the tagged columns of a table of predictions hold, by its name in requests and answers.

    Args:
        names: Of inputs, where they are known: a column is called as they are but for letters that no column can have.
    """
    known = {column_name("", name): name for name in names}
    found: set[str] = set()
    for column in table.columns:
        if set(tags).isdisjoint(column.tags) or column.name.startswith(FEATURE_TIME):
            continue
        prefix = next((each for each in (IN, FEATURE, OUT) if column.name.startswith(each)), None)
        if prefix is None:
            continue
        name = column.name.removeprefix(prefix)
        found |= {name, known.get(name, name)}
        if prefix == OUT and name == PREDICTION:
            found.add(PREDICTIONS)
    return frozenset(found)


def names_in(readers: Iterable[Reader]) -> set[str]:
    """What inputs and features are called, as far as signatures and specs say."""
    found: set[str] = set()
    for reader in readers:
        spec = reader.spec
        if spec is not None:
            found |= {*spec.features, *(name for name, _ in spec.frame)}
            found |= {name for lookup in spec.lookups for name, _ in lookup.keys}
        if reader.entity.folder is not None:
            found |= _signed(Path(reader.entity.folder))
    return found


def _signed(folder: Path) -> set[str]:
    try:
        signature = read_model_folder(folder).signature
    except BoathouseError:
        return set()
    return {each.name for each in signature.columns} if signature is not None else set()


def _elsewhere(spec: FeatureSpec | None, table: str, columns: frozenset[str]) -> set[str]:
    lookups = [each for each in (spec.lookups if spec is not None else ()) if str(each.table) == table]
    outputs = {output.name for each in lookups for output in each.outputs if output.feature in columns}
    return outputs | {given for each in lookups for given, key in each.keys if key in columns}
