"""Joins the parts of one worker of the data plane. It knows no database and no control plane: only the home's files."""

import os
import time

from boathouse.foundation.home import Home
from boathouse.serving.answering.crashes import LoadingDeaths
from boathouse.serving.answering.loaded import Library
from boathouse.serving.answering.opening import open_features
from boathouse.serving.answering.worker import ServingWorker
from boathouse.serving.capture.journal import FileJournal
from boathouse.serving.endpoints.policy import Limits
from boathouse.serving.scoring.nouns import Scorer
from boathouse.serving.snapshot.nouns import LiveEntity
from boathouse.serving.telemetry.counters import Counters
from boathouse.serving.telemetry.reading import counts_folder


def build_serving_worker(home: Home) -> ServingWorker:
    """A worker that has loaded what there is to load."""
    counters = Counters(counts_folder(home))
    journal = FileJournal(home.journals, f"{os.getpid()}")
    scratch = home.serving / "scratch"
    deaths = LoadingDeaths(home.serving / "loading")

    def load(entity: LiveEntity, limits: Limits) -> Scorer:
        from boathouse.serving.scoring.loading import load_scorer  # brings numpy, which an idle worker does without

        with deaths.loading(str(entity.folder)):
            return load_scorer(entity, limits, scratch=scratch)

    worker = ServingWorker(home, journal, counters, Library(load, open_features, now=time.monotonic))
    worker.begin()
    return worker
