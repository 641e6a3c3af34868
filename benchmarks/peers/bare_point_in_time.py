"""Point-in-time joins by Boathouse and by bare engines: ``bare_point_in_time.py CONTENDER PLAN RESULT``.

Each gives back all labels in their order. With two clocks the bare engines are given the trick that makes one clock of
two: in the order in which rows of a key become known, a row whose event time is not the latest so far can never be the
answer; without those rows an ASOF join on the known time is right.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from measured import measured

Work = Callable[[], Any]


def boathouse(plan: dict[str, Any]) -> Work:
    import pyarrow.parquet as pq

    from boathouse.features import FeatureEngineeringClient, FeatureLookup
    from boathouse.session import default_session

    client, labels = FeatureEngineeringClient(session=default_session()), pq.read_table(plan["labels"])
    lookups = [
        FeatureLookup(
            table["name"], lookup_key="id", feature_names=table["features"],
            timestamp_lookup_key=None if table["static"] else "at",
        )
        for table in plan["tables"]
    ]  # fmt: skip
    return lambda: client.create_training_set(df=labels, feature_lookups=lookups, label="label").load_df()


def polars(plan: dict[str, Any]) -> Work:
    import polars as pl

    labels = pl.read_parquet(plan["labels"])

    def work() -> pl.DataFrame:
        frame = labels.lazy().sort("at")
        for table in plan["tables"]:
            clocks = [] if table["static"] else ["event_time", *([table["known"]] if table["known"] else [])]
            rows = pl.scan_delta(table["location"]).select("id", *clocks, *table["features"])
            if table["static"]:
                frame = frame.join(rows, on="id", how="left", maintain_order="left")
                continue
            if table["known"]:
                rows = (
                    rows.with_columns(at=pl.max_horizontal("event_time", table["known"]))
                    .sort("at", "event_time", table["known"])
                    .filter(pl.col("event_time") == pl.col("event_time").cum_max().over("id"))
                )
            else:
                rows = rows.rename({"event_time": "at"}).sort("at")
            frame = frame.join_asof(
                rows.select("id", "at", *table["features"]), on="at", by="id", check_sortedness=False
            )
        return frame.sort("row").collect(engine="streaming")

    return work


def duckdb(plan: dict[str, Any]) -> Work:
    import duckdb as engine

    connection = engine.connect()
    connection.sql("SET TimeZone = 'UTC'")
    joins: list[str] = []
    for number, table in enumerate(plan["tables"]):
        features = ", ".join(table["features"])
        files = f"read_parquet({table['files']})"
        if table["static"]:
            joins.append(f"LEFT JOIN (SELECT id, {features} FROM {files}) AS t{number} ON l.id = t{number}.id")
            continue
        rows = f"SELECT id, event_time AS t, {features} FROM {files}"
        if table["known"]:
            rows = f"""
                SELECT id, t, {features} FROM (
                    SELECT id, greatest(event_time, {table["known"]}) AS t, event_time, {features},
                           max(event_time) OVER known_so_far AS latest,
                           lead(t) OVER known_so_far AS next
                    FROM {files}
                    WINDOW known_so_far AS (PARTITION BY id ORDER BY t, event_time, {table["known"]}
                                            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
                ) WHERE event_time = latest AND (next IS NULL OR t < next)"""
        joins.append(f"ASOF LEFT JOIN ({rows}) AS t{number} ON l.id = t{number}.id AND l.at >= t{number}.t")
    features = ", ".join(name for table in plan["tables"] for name in table["features"])
    query = f"SELECT l.*, {features} FROM read_parquet('{plan['labels']}') AS l {' '.join(joins)} ORDER BY l.row"
    return lambda: connection.sql(query).to_arrow_table()


def pandas(plan: dict[str, Any]) -> Work:
    import pandas as pd
    import pyarrow.parquet as pq

    labels = pd.read_parquet(plan["labels"])

    def work() -> pd.DataFrame:
        frame = labels.sort_values("at")
        for table in plan["tables"]:
            clocks = [] if table["static"] else ["event_time", *([table["known"]] if table["known"] else [])]
            rows = pq.ParquetDataset(table["files"]).read(["id", *clocks, *table["features"]]).to_pandas(
                self_destruct=True
            )  # fmt: skip
            if table["static"]:
                frame = frame.merge(rows, on="id", how="left")
                continue
            if table["known"]:
                rows["at"] = rows["event_time"].where(rows["event_time"] >= rows["known_time"], rows["known_time"])
                rows = rows.sort_values(["at", "event_time", "known_time"])
                rows = rows[rows["event_time"] == rows.groupby("id")["event_time"].cummax()]
                rows = rows.drop(columns=["event_time", "known_time"])
            else:
                rows = rows.rename(columns={"event_time": "at"}).sort_values("at")
            frame = pd.merge_asof(frame, rows, on="at", by="id")
        return frame.sort_values("row")

    return work


CONTENDERS = {"boathouse": boathouse, "polars": polars, "duckdb": duckdb, "pandas": pandas}


def as_arrow(result: Any) -> pa.Table:
    if isinstance(result, pa.Table):
        return result
    if hasattr(result, "to_arrow"):
        return result.to_arrow()
    return pa.Table.from_pandas(result, preserve_index=False)


def main() -> None:
    name, plan_file, result_file = sys.argv[1:]
    with open(plan_file) as file:
        plan = json.load(file)
    result = as_arrow(measured(CONTENDERS[name](plan)))
    with pa.OSFile(result_file, "wb") as sink, pa.ipc.new_file(sink, result.schema) as writer:
        writer.write_table(result)


if __name__ == "__main__":
    main()
