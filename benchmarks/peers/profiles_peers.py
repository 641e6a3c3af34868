"""Profile and drift by others, in environments of their own: ``profiles_peers.py CONTENDER PLAN RESULT``.

All read the Parquet files of our table into a pandas frame, as they want it; that is part of the work.
"""

import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measured import measured

Found = dict[str, dict[str, Any]]
Work = Callable[[], Found]


def read(plan: dict[str, Any], side: str) -> Any:
    import pandas as pd

    return pd.concat([pd.read_parquet(path) for path in plan[f"{side}_files"]], ignore_index=True)


def evidently(plan: dict[str, Any]) -> Work:
    import pandas  # noqa: F401
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset, DataSummaryPreset

    def work() -> Found:
        current, reference = read(plan, "current"), read(plan, "baseline")
        texts = [name for name in current if name.startswith("t")]
        shape = DataDefinition(
            numerical_columns=[name for name in current if name not in texts], categorical_columns=texts
        )
        sides = [Dataset.from_pandas(each, data_definition=shape) for each in (current, reference)]
        done = Report([DataSummaryPreset(), DataDriftPreset()]).run(*sides)
        return {"rows": {"count": len(current), "metrics": len(done.dict()["metrics"])}}

    return work


def whylogs(plan: dict[str, Any]) -> Work:
    import pandas  # noqa: F401
    import whylogs as why
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

    def work() -> Found:
        views = [why.log(pandas=read(plan, side)).view() for side in ("current", "baseline")]
        calculate_drift_scores(target_view=views[0], reference_view=views[1])
        found: Found = {}
        for name, row in views[0].to_pandas().iterrows():
            nulls = int(row["counts/null"])
            found[str(name)] = {"count": int(row["counts/n"]) - nulls, "nulls": nulls}
            if not str(name).startswith("t"):
                found[str(name)] |= {key: float(row[f"distribution/{key}"]) for key in ("mean", "stddev", "min", "max")}
        return found

    return work


def nannyml(plan: dict[str, Any]) -> Work:
    import nannyml
    import pandas  # noqa: F401

    def work() -> Found:
        current, reference = read(plan, "current"), read(plan, "baseline")
        texts = [name for name in current if name.startswith("t")]
        drift = nannyml.UnivariateDriftCalculator(
            column_names=list(current), treat_as_categorical=texts, chunk_number=1,
            continuous_methods=["kolmogorov_smirnov", "jensen_shannon"], categorical_methods=["chi2", "jensen_shannon"],
        ).fit(reference)  # fmt: skip
        frame = drift.calculate(current).filter(period="analysis").to_df()
        return {name: {"ks": float(frame[name, "kolmogorov_smirnov", "value"].iloc[0])}
                for name in current if name not in texts}  # fmt: skip

    return work


if __name__ == "__main__":
    os.environ |= {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}  # nobody is told of our runs
    warnings.simplefilter("ignore")
    contenders: dict[str, Callable[[dict[str, Any]], Work]] = {
        "evidently": evidently, "whylogs": whylogs, "nannyml": nannyml,
    }  # fmt: skip
    contender, plan, result = contenders[sys.argv[1]], json.loads(Path(sys.argv[2]).read_text()), sys.argv[3]
    Path(result).write_text(json.dumps(measured(contender(plan))))
