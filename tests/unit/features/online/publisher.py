"""Publishes one number after the other for the same keys, until somebody kills it: ``publisher.py KIND PLACE``."""

import sys
from pathlib import Path

import pyarrow as pa

from boathouse.features.online.contract import OnlineSchema, OnlineStore
from boathouse.features.online.lmdb.store import LmdbStore
from boathouse.features.online.redis.store import RedisStore
from boathouse.foundation.errors import Conflict

KEYS = 3000
SCHEMA = OnlineSchema(pa.schema([("key", pa.int64())]), pa.schema([("number", pa.int64())]))


def main() -> None:
    kind, place, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
    store: OnlineStore = LmdbStore("s", Path(place)) if kind == "lmdb" else RedisStore("s", place, lock_seconds=3.0)
    for number in range(first, first + 100_000):
        try:
            writer = store.begin("a.b.c", SCHEMA, keep=number % 2 == 1, wait_seconds=20)
        except Conflict:  # nothing to change yet
            continue
        with writer:
            for start in range(0, KEYS, 500):
                writer.put(pa.table({"key": range(start, start + 500)}), pa.table({"number": [number] * 500}))
            writer.commit({"number": number})
        print(number, flush=True)


if __name__ == "__main__":
    main()
