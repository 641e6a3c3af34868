"""BentoML with the same model: two workers, nothing batched."""

import os
from typing import Any

import bentoml
import lightgbm
import numpy as np


@bentoml.service(workers=2)
class Delay:
    def __init__(self) -> None:
        self.booster: Any = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])

    @bentoml.api(route="/predict")  # type: ignore[misc]
    def predict(self, dataframe_split: dict[str, Any]) -> dict[str, Any]:
        rows = np.array(dataframe_split["data"], dtype=np.float64)
        return {"predictions": self.booster.predict(rows, num_threads=1).tolist()}
