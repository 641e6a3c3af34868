"""Real requests, as the duty desk would send them: one flight each, over HTTP, two hours before it leaves."""

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import cycle
from typing import Any, Self

import urllib3

ASKERS = 4
PAUSE_SECONDS, BUSY_PAUSE_SECONDS = 0.25, 0.15
"""Between two questions of one asker: the demo shares its cores with everything else. Busy: a rollout counts them."""
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Answered:
    """One request, and what came of it."""

    flight_id: str
    status: int
    request_id: str
    served_by: str
    """``prod.flights.delay_model@2``, or the rung that answered."""
    rung: str | None
    """Who has answered instead of the version that should have."""
    predictions: Sequence[float]
    milliseconds: float
    error: str = ""


@dataclass(slots=True)
class Traffic:
    """Asks about flights, one after another, from the first on again when all were asked; a context manager."""

    url: str
    token: str
    questions: Sequence[dict[str, Any]]
    answers: list[Answered] = field(default_factory=list[Answered])
    is_busy: bool = False
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def ask(self, question: dict[str, Any]) -> Answered:
        """Ask about one flight; not a part of ``answers``."""
        return self._asked(urllib3.PoolManager(retries=False), question)

    def once(self, count: int) -> list[Answered]:
        """Ask about the first so many flights, and keep the answers."""
        http = urllib3.PoolManager(retries=False)
        made = [self._asked(http, question) for question in self.questions[:count]]
        self.answers += made
        return made

    def __enter__(self) -> Self:
        self._stopped.clear()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(ASKERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    @property
    def failed(self) -> list[Answered]:
        return [each for each in self.answers if each.status != 200]

    def by_version(self, since: int = 0) -> Counter[str]:
        """How many answers each version, or rung, has given since so many answers."""
        return Counter(each.served_by for each in self.answers[since:])

    def _run(self, number: int) -> None:
        http = urllib3.PoolManager(retries=False)
        for question in cycle(self.questions[number::ASKERS]):
            if self._stopped.wait(BUSY_PAUSE_SECONDS if self.is_busy else PAUSE_SECONDS):
                return
            self.answers.append(self._asked(http, question))

    def _asked(self, http: urllib3.PoolManager, question: dict[str, Any]) -> Answered:
        began = time.perf_counter()
        body = json.dumps({"dataframe_records": [question]}, default=_as_json)
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        flight = question["flight_id"]
        try:
            answer = http.request("POST", self.url, body=body, headers=headers, timeout=TIMEOUT_SECONDS)
        except urllib3.exceptions.HTTPError as error:
            return Answered(flight, 0, "", "nobody", None, (), _since(began), str(error))
        told = answer.headers
        said = answer.json() if answer.status == 200 else {}
        return Answered(
            flight,
            answer.status,
            told.get("x-request-id", ""),
            told.get("x-served-by", "nobody"),
            told.get("x-fallback"),
            said.get("predictions", ()),
            _since(began),
            "" if answer.status == 200 else answer.data.decode(errors="replace")[:500],
        )


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _as_json(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{value!r} is nothing that a question holds.")
