"""Whatever happens to a table: what has changed, published, is what everything, published, would be."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from boathouse.features import FeatureEngineeringClient
from boathouse.features.clocks import KnownTime
from boathouse.features.online.verifying import verify
from boathouse.session import Session

from .reading import online_rows

NAME = "dev.shop.t"
T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONED = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [("a", pa.int64()), ("b", pa.string()), ("ts", ZONED), ("seen", ZONED), ("x", pa.float64()), ("p", pa.int64())]
)


def rows(chance: random.Random, count: int) -> pa.Table:
    """Few keys and instants, so that many are alike."""
    return pa.Table.from_pylist(
        [
            {
                "a": chance.choice([0, 1, -2]), "b": chance.choice(["", "u"]), "ts": T0 + chance.randrange(8) * HOUR,
                "seen": chance.choice([None, *(T0 + hour * HOUR for hour in range(10))]),
                "x": chance.choice([None, float("nan"), 0.0, 1.5, 2.5]), "p": chance.choice([1, 2]),
            }
            for _ in range(count)
        ],
        SCHEMA,
    )  # fmt: skip


def change(session: Session, chance: random.Random, first: int) -> None:
    """One commit of any kind."""
    version = session.open_tables([NAME])[0].snapshot.version
    what = [
        lambda: session.write_table(NAME, rows(chance, 3), mode="append"),
        lambda: session.write_table(NAME, rows(chance, 6), mode="overwrite"),
        lambda: session.sql(f"DELETE FROM {NAME} WHERE a = {chance.choice([0, 1, -2])} AND x > 1"),
        lambda: session.sql(f"DELETE FROM {NAME} WHERE b = '{chance.choice(['', 'u'])}'"),
        lambda: session.sql(f"UPDATE {NAME} SET x = {chance.choice(['x', 'NULL', 'x + 1'])} WHERE p = 1"),
        lambda: session.sql(f"OPTIMIZE {NAME}"),
        lambda: session.sql(f"OPTIMIZE {NAME} ZORDER BY (a, ts)"),
        lambda: session.sql(f"TRUNCATE TABLE {NAME}"),
        lambda: (
            session.sql(f"RESTORE TABLE {NAME} TO VERSION AS OF {chance.randrange(first, version)}")
            if version > first
            else None
        ),
    ]
    chance.choices(what, [6, 2, 2, 1, 2, 2, 1, 0.5, 2])[0]()


@pytest.mark.parametrize("seed", range(8))
def test_after_any_changes_what_has_changed_comes_to_everything(
    fe: FeatureEngineeringClient, session: Session, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    known: Any = (None, None, KnownTime(lag=2 * HOUR), "seen")[seed % 4]
    lifetime = 3 * HOUR if seed == 5 else None
    is_static = seed % 4 == 0
    clocks: dict[str, Any] = {} if is_static else {"timeseries_column": "ts", "known_time": known}
    fe.create_table(name=NAME, primary_keys=["a", "b"] + ["ts"] * (not is_static), schema=SCHEMA,
                    partition_columns=["p"] if seed > 5 else None, **clocks)  # fmt: skip
    if seed % 2:
        session.sql(f"ALTER TABLE {NAME} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
    session.write_table(NAME, rows(chance, 8))
    first, hour = session.open_tables([NAME])[0].snapshot.version, 2
    for _ in range(4):
        monkeypatch.setenv("BOATHOUSE_AS_OF", (T0 + hour * HOUR).isoformat())
        done = fe.publish_table(source_table_name=NAME, time_to_live=lifetime)
        fe.publish_table(source_table_name=NAME, online_table_name="dev.shop.whole", publish_mode="SNAPSHOT",
                         time_to_live=lifetime)  # fmt: skip
        found = verify(session, "dev.shop.t_online")
        assert found.matches, found
        changed, whole = online_rows(session, "dev.shop.t_online"), online_rows(session, "dev.shop.whole")
        assert repr(sorted(changed.items())) == repr(sorted(whole.items()))
        assert done.keys == len(whole)
        for _ in range(chance.randrange(1, 4)):
            change(session, chance, first)
        hour += chance.choice([0, 1, 3])
