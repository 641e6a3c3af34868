"""The rows of the version in production, beside which those of a candidate stand: at the versions they had then."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from boathouse.foundation.names import ModelName
from boathouse.models.evaluation.building import CaseOrder, opened_case
from boathouse.models.evaluation.case import Case, RunFacts
from boathouse.models.evidence import Verdict
from boathouse.models.requirements import Requirements
from boathouse.session import Session

MODEL = ModelName.parse("dev.shop.late")
Needs = Callable[..., Requirements]
Tables = tuple[tuple[str, int], ...]


def case_of(
    session: Session, scorer_of: Any, requirements: Requirements, tables: dict[int, Tables], **order: Any
) -> Case:
    """The case of version 2, with what the run of each version has read."""

    def facts(_: ModelName, version: int) -> RunFacts:
        return RunFacts(f"r{version}", {}, {}, {}, tables[version])

    asked = CaseOrder(MODEL, 2, requirements, **order)
    with opened_case(session, scorer_of, asked, run_facts_of=facts) as case:
        return case


def test_training_rows_of_the_champion_are_those_that_its_run_has_read(
    session: Session, flights: pl.DataFrame, logistic: Path, scorers: Any, requirements: Needs
) -> None:
    later = flights.with_columns(pl.col("distance") + 5_000)
    for table in ("dev.shop.judged", "dev.shop.seen"):
        session.write_table(table, flights)
        session.write_table(table, later, mode="overwrite")
    read: dict[int, Tables] = {1: (("dev.shop.seen", 0),), 2: (("dev.shop.seen", 1),)}
    found = case_of(
        session, scorers({1: logistic, 2: logistic}), requirements(), read, champion=1, accepted=("dev.shop.judged", 0)
    )
    assert found.missing == {}
    assert found.training is not None and found.accepted_training is not None and found.accepted is not None
    assert found.accepted_training["distance"].mean() == flights["distance"].mean()
    assert found.training["distance"].mean() == later["distance"].mean()
    assert found.accepted["distance"].mean() == flights["distance"].mean()


def test_moved_rows_fail_the_gates_over_data(
    session: Session, flights: pl.DataFrame, logistic: Path, scorers: Any, requirements: Needs
) -> None:
    from boathouse.models.evidence import judge_all
    from boathouse.models.gates import evaluation_data, training_data

    later = flights.with_columns(pl.col("distance") + 5_000, pl.col("hour") + 24)
    for table in ("dev.shop.judged", "dev.shop.seen"):
        session.write_table(table, flights)
        session.write_table(table, later, mode="overwrite")
    read: dict[int, Tables] = {1: (("dev.shop.seen", 0),), 2: (("dev.shop.seen", 1),)}
    found = case_of(
        session, scorers({1: logistic, 2: logistic}), requirements(), read, champion=1, accepted=("dev.shop.judged", 0)
    )
    for gate in (evaluation_data.GATE, training_data.GATE):
        settings = gate.settings()
        judged = judge_all(list(gate.measure(found, settings)), gate.rules(found.requirements, settings))
        said = {rule.metric: judgement.verdict for rule, _, judgement in judged}
        assert said["drifted_share"] is Verdict.FAILED and said["schema_changes"] is Verdict.PASSED


def test_a_champion_from_before_the_training_table_was_named_is_known_by_what_it_has_read(
    session: Session, flights: pl.DataFrame, logistic: Path, scorers: Any, requirements: Needs
) -> None:
    for table in ("dev.shop.judged", "dev.shop.seen", "dev.shop.before"):
        session.write_table(table, flights)
    read: dict[int, Tables] = {1: (("dev.shop.before", 0),), 2: (("dev.shop.seen", 0),)}
    found = case_of(session, scorers({1: logistic, 2: logistic}), requirements(), read, champion=1)
    assert found.accepted_training is not None and found.missing == {}


def test_a_champion_that_nobody_knows_the_rows_of_is_missing_them(
    session: Session, flights: pl.DataFrame, logistic: Path, scorers: Any, requirements: Needs
) -> None:
    for table in ("dev.shop.judged", "dev.shop.seen"):
        session.write_table(table, flights)
    read: dict[int, Tables] = {1: (), 2: (("dev.shop.seen", 0),)}
    found = case_of(session, scorers({1: logistic, 2: logistic}), requirements(), read, champion=1)
    assert found.accepted_training is None
    assert "not known what version 1, the champion, was trained on" in found.missing["accepted_training"]


def test_a_first_version_has_no_rows_before_it(
    session: Session, flights: pl.DataFrame, logistic: Path, scorers: Any, requirements: Needs
) -> None:
    for table in ("dev.shop.judged", "dev.shop.seen"):
        session.write_table(table, flights)
    found = case_of(session, scorers({2: logistic}), requirements(), {2: (("dev.shop.seen", 0),)})
    assert found.accepted is None and found.accepted_training is None and found.missing == {}
