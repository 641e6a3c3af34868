"""The model as MLflow stores it: this file, the trees as text and the vocabulary as JSON; nothing is pickled."""

import json
from pathlib import Path
from typing import Any

import lightgbm
import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel

from flights.encoding import encode


class DelayModel(PythonModel):
    """Answers with the probability that a flight arrives fifteen minutes late or more."""

    def load_context(self, context: Any) -> None:
        self.booster = lightgbm.Booster(model_file=context.artifacts["trees"])
        self.vocabulary = json.loads(Path(context.artifacts["vocabulary"]).read_text())

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> np.ndarray:
        # One thread: a server runs many small requests at once, and their threads would fight over the cores.
        return self.booster.predict(encode(model_input, self.vocabulary), num_threads=1)


mlflow.models.set_model(DelayModel())
