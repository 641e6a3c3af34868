import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from boathouse.foundation.errors import Conflict, InvalidInput
from boathouse.foundation.names import TableName
from boathouse.serving.streaming.changes import due, new_rows
from boathouse.serving.streaming.nouns import Begin, OnChange, Stream
from boathouse.serving.streaming.positions import position, writer_of
from boathouse.serving.streaming.rounds import StreamRounds
from boathouse.session import Session

SOURCE, OUTPUT = "dev.shop.events", "dev.shop.scored"
RoundsOf = Callable[[Stream], StreamRounds]


def stream(**options: Any) -> Stream:
    return Stream("late", "dev.shop.line@champion", SOURCE, OUTPUT, **options)


def followed() -> Stream:
    return stream(on_change=OnChange.UPSERT, key=("id",))


def make(session: Session, *, feed: bool = True) -> None:
    properties = f"TBLPROPERTIES ('delta.enableChangeDataFeed' = '{str(feed).lower()}')"
    session.sql(f"CREATE TABLE {SOURCE} (id BIGINT, x DOUBLE) {properties}")


def add(session: Session, *ids: int) -> None:
    session.sql(f"INSERT INTO {SOURCE} VALUES {', '.join(f'({each}, {each})' for each in ids)}")


def output(session: Session) -> list[tuple[int, float]]:
    rows = session.sql(f"SELECT id, prediction FROM {OUTPUT} ORDER BY id").rows()
    return [(row["id"], round(row["prediction"], 6)) for row in rows]


def expected(session: Session) -> list[tuple[int, float]]:
    rows = session.sql(f"SELECT id, x FROM {SOURCE} ORDER BY id").rows()
    return [(row["id"], round(2 * row["x"] + 1, 6)) for row in rows]


def run(begun: StreamRounds) -> int:
    total = 0
    while True:
        done = begun.round()
        total += done.rows
        if not done.is_more:
            return total


def test_what_is_there_is_scored_first_and_then_what_comes(session: Session, rounds: RoundsOf) -> None:
    make(session)
    add(session, 1, 2)
    with rounds(stream()) as begun:
        assert run(begun) == 2
        add(session, 3)
        add(session, 4, 5)
        assert begun.has_more()
        assert run(begun) == 3
        assert not begun.has_more()
    assert output(session) == expected(session)


def test_whoever_runs_it_next_goes_on_where_the_output_is(session: Session, rounds: RoundsOf) -> None:
    make(session)
    for number in range(5):
        add(session, number)
        with rounds(stream()) as begun:
            assert run(begun) == 1
    with rounds(stream()) as begun:
        assert run(begun) == 0
    assert output(session) == expected(session)


def test_another_stream_into_the_same_table_counts_for_itself(session: Session, rounds: RoundsOf) -> None:
    make(session)
    add(session, 1)
    for name in ("one", "two"):
        with rounds(Stream(name, "dev.shop.line@1", SOURCE, OUTPUT)) as begun:
            run(begun)
    assert [each for each, _ in output(session)] == [1, 1]


def test_of_two_processes_that_run_the_same_stream_one_lands(session: Session, rounds: RoundsOf) -> None:
    make(session)
    add(session, 1)
    with rounds(stream()) as first, rounds(stream()) as second:
        run(first)
        run(second)
        for number in range(2, 6):
            add(session, number)
            run(first if number % 2 else second)
            run(second if number % 2 else first)
    assert output(session) == expected(session)


def test_a_stream_begins_with_the_next_commit_when_it_is_told_so(session: Session, rounds: RoundsOf) -> None:
    make(session)
    add(session, 1)
    with rounds(stream(begin=Begin.LATEST)) as begun:
        assert run(begun) == 0
    add(session, 2)
    with rounds(stream(begin=Begin.LATEST)) as begun:
        assert run(begun) == 1
    assert [each for each, _ in output(session)] == [2]


def test_commits_are_taken_a_few_at_a_time(session: Session, rounds: RoundsOf) -> None:
    make(session)
    with rounds(stream(most_commits=2)) as begun:
        run(begun)
        for number in range(5):
            add(session, number)
        done = [begun.round() for _ in range(3)]
    assert [each.rows for each in done] == [2, 2, 1]
    assert [each.is_more for each in done] == [True, True, False]


def test_maintenance_of_the_source_brings_nothing(session: Session, rounds: RoundsOf) -> None:
    make(session)
    with rounds(stream()) as begun:
        run(begun)
        for number in range(4):
            add(session, number)
        assert run(begun) == 4
        session.sql(f"OPTIMIZE {SOURCE}")
        assert run(begun) == 0
        add(session, 9)
        assert run(begun) == 1
    assert output(session) == expected(session)


@pytest.mark.parametrize(
    "change",
    [f"UPDATE {SOURCE} SET x = 7 WHERE id = 1", f"DELETE FROM {SOURCE} WHERE id = 1"],
    ids=["update", "delete"],
)
def test_changed_rows_stop_a_stream_that_has_no_policy_for_them(
    session: Session, rounds: RoundsOf, change: str
) -> None:
    make(session)
    add(session, 1, 2)
    with rounds(stream()) as begun:
        run(begun)
        session.sql(change)
        with pytest.raises(Conflict, match="has changed or deleted rows"):
            run(begun)
    assert len(output(session)) == 2


@pytest.mark.parametrize("feed", [True, False])
def test_changed_rows_can_be_ignored(session: Session, rounds: RoundsOf, feed: bool) -> None:
    make(session, feed=feed)
    add(session, 1, 2)
    with rounds(stream(on_change=OnChange.IGNORE)) as begun:
        run(begun)
        session.sql(f"UPDATE {SOURCE} SET x = 7 WHERE id = 1")
        session.sql(f"DELETE FROM {SOURCE} WHERE id = 2")
        add(session, 3)
        assert run(begun) == 1
    assert output(session) == [(1, 3.0), (2, 5.0), (3, 7.0)]


def test_an_ignored_commit_between_others_brings_nothing_by_the_reader_of_delta_rs_either(session: Session) -> None:
    make(session)
    add(session, 1)
    session.write_table(SOURCE, pa.table({"id": [7], "x": [7.0]}), mode="overwrite")
    add(session, 2)
    (source,) = session.open_tables([SOURCE])
    snapshot = replace(source.snapshot, needs_delta_reader=True)
    rows = new_rows(snapshot, due(snapshot, 0, 10).commits, OnChange.IGNORE, SOURCE).read_all()
    assert sorted(rows.column("id").to_pylist()) == [1, 2]


@pytest.mark.parametrize("feed", [True, False])
def test_an_output_that_follows_by_key_is_what_a_batch_would_give(
    session: Session, rounds: RoundsOf, feed: bool
) -> None:
    make(session, feed=feed)
    choose = random.Random(11)
    add(session, *range(6))
    with rounds(followed()) as begun:
        run(begun)
        for _ in range(12):
            for _ in range(choose.randint(1, 3)):
                number = choose.randrange(10)
                match choose.randrange(4):
                    case 0:
                        session.sql(f"UPDATE {SOURCE} SET x = {choose.randrange(100)} WHERE id = {number}")
                    case 1:
                        session.sql(f"DELETE FROM {SOURCE} WHERE id = {number}")
                    case 2:
                        session.sql(f"OPTIMIZE {SOURCE}")
                    case _:
                        session.sql(
                            f"MERGE INTO {SOURCE} t USING (SELECT {number} AS id, {choose.randrange(100)} AS x) s "
                            "ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
                        )
            run(begun)
            assert output(session) == expected(session)


def test_a_source_that_was_made_anew_is_another_one(session: Session, rounds: RoundsOf) -> None:
    make(session)
    add(session, 1)
    with rounds(stream()) as begun:
        run(begun)
    session.sql(f"DROP TABLE {SOURCE}")
    make(session)
    add(session, 2)
    with rounds(stream()) as begun:
        assert run(begun) == 1
    assert [each for each, _ in output(session)] == [1, 2]


def test_the_output_says_how_far_a_stream_is(session: Session, rounds: RoundsOf) -> None:
    make(session)
    add(session, 1)
    with rounds(stream()) as begun:
        run(begun)
    table = session.law.table(session.principal, TableName.parse(SOURCE))
    assert position(session.open_appender(OUTPUT), writer_of(stream(), table)) == 1


def test_rows_that_do_not_fit_the_model_stop_the_stream_before_anything_is_written(
    session: Session, rounds: RoundsOf
) -> None:
    session.sql(f"CREATE TABLE {SOURCE} AS SELECT 1 AS id, 'much' AS x")
    with rounds(stream()) as begun, pytest.raises(InvalidInput, match="Column x, row 0: 'much' is no double"):
        begun.round()


@pytest.mark.parametrize(
    "options", [{"on_change": OnChange.UPSERT}, {"key": ("id",)}, {"most_commits": 0}], ids=["no key", "key", "none"]
)
def test_settings_that_do_not_fit_are_refused(options: Any) -> None:
    with pytest.raises(InvalidInput):
        stream(**options)
