# pyright: reportPrivateImportUsage=false
"""LightGBM is imported without scikit-learn where boosters are all there is, and whole where more is needed."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from boathouse.serving.scoring.example import made_up
from boathouse.serving.scoring.mlmodel import read_model_folder
from boathouse.serving.scoring.payloads import JSON, read_payload
from boathouse.serving.scoring.scorers import open_here

BOTH = """
    import sys
    from pathlib import Path

    from boathouse.serving.scoring.example import made_up
    from boathouse.serving.scoring.flavours.bare_lightgbm import import_bare
    from boathouse.serving.scoring.mlmodel import read_model_folder
    from boathouse.serving.scoring.payloads import JSON, read_payload
    from boathouse.serving.scoring.scorers import open_here

    def answer(folder, scorer):
        body = folder.example or made_up(folder)
        return scorer.answer(scorer.predict(scorer.read(read_payload(body, JSON, most_rows=100)), None)).decode()

    import_bare()
    booster, classifier = (read_model_folder(Path(each)) for each in sys.argv[1:])
    first = open_here(booster)
    print(answer(booster, first))
    assert not {"sklearn", "pandas"} & sys.modules.keys(), "they were imported"
    second = open_here(classifier)
    print(answer(classifier, second))
    print(answer(booster, first))
    print(answer(booster, open_here(booster)))
    import sklearn, pandas
"""


def answer(folder: Path) -> str:
    model = read_model_folder(folder)
    scorer = open_here(model)
    body = model.example or made_up(model)
    assert body is not None
    return scorer.answer(scorer.predict(scorer.read(read_payload(body, JSON, most_rows=100)), None)).decode()


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import warnings

    import lightgbm
    import mlflow
    import numpy as np
    import pandas as pd

    inputs = pd.DataFrame(np.random.default_rng(3).normal(size=(200, 2)), columns=["a", "b"])
    words = np.where(inputs["a"] > 0, "late", "early")
    made = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(inputs, words)
    folder = tmp_path_factory.mktemp("models") / "classifier"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature = mlflow.models.infer_signature(inputs, made.predict(inputs))
        mlflow.lightgbm.save_model(
            made, folder, signature=signature, input_example=inputs.head(3), serialization_format="skops"
        )
    return folder


def test_boosters_answer_without_scikit_learn_and_go_on_when_it_comes(mixed_booster: Path, classifier: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(BOTH), str(mixed_booster), str(classifier)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected, words = answer(mixed_booster), answer(classifier)
    assert done.stdout.splitlines() == [expected, words, expected, expected]
