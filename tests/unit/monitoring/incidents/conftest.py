"""Incidents over what alerts find; the steps of playbooks are done by somebody who writes down what was asked."""

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import Conflict
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import fit
from boathouse.lake import DuckDBEngine
from boathouse.monitoring.incidents.acting import Order
from boathouse.monitoring.incidents.carrying_out import CarryingOut
from boathouse.monitoring.incidents.nouns import KeptPlaybook
from boathouse.monitoring.incidents.opening import Opening
from boathouse.monitoring.incidents.playbook import Playbook, PlaybookStep
from boathouse.monitoring.incidents.playbooks import Playbooks
from boathouse.monitoring.incidents.service import Incidents, NewIncident, Story

_file = Path(__file__).parents[1] / "alerts" / "conftest.py"
_spec = importlib.util.spec_from_file_location("watching", _file)
assert _spec is not None and _spec.loader is not None
watching = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(watching)


class Hands:
    """Does steps by writing them down; what ``broken`` names fails."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.broken: set[str] = set()
        self.asked: list[Order] = []

    def problems(self, principal: Principal, step: PlaybookStep) -> str | None:
        return None

    def before(self, principal: Principal, step: PlaybookStep) -> Mapping[str, Any]:
        return {"done_before": len(self.done)}

    def do(self, principal: Principal, order: Order) -> str:
        self.asked.append(order)
        if order.step.action in self.broken:
            raise Conflict(f"{order.step.action} does not work")
        self.done.append(f"{principal.name}: {order.step.action}")
        return f"did {order.step.action}"


class Runs:
    """Runs of playbooks: each does the steps in order as its task would, until one stops it."""

    def __init__(self) -> None:
        self.tokens: dict[str, int] = {}
        self.carry_out: Any = None
        self.owners: dict[int, tuple[str, int]] = {}
        self.stopped: dict[int, int] = {}

    def ensure(self, name: str, owner: str, titles: list[str], known: int | None) -> int:
        job_id = known or len(self.owners) + 1
        self.owners[job_id] = (owner, len(titles))
        return job_id

    def remove(self, job_id: int) -> None:
        del self.owners[job_id]

    def require_may_run(self, principal: Principal, job_id: int) -> None:
        return

    def run(self, asked_by: Principal, job_id: int, incident: int, token: str) -> int:
        run_id = self.tokens.setdefault(token, 100 + len(self.tokens))
        self.stopped.setdefault(run_id, incident)
        self.work(run_id, incident, job_id)
        return run_id

    def work(self, run_id: int, incident: int, job_id: int = 1) -> None:
        owner, steps = self.owners[job_id]
        for position in range(1, steps + 1):
            if not self.carry_out(owner, incident, position):
                return

    def go_on(self, run_id: int) -> bool:
        self.work(run_id, self.stopped[run_id])
        return True

    def state(self, run_id: int) -> str | None:
        return "SUCCESS"


class Room(watching.Watch):
    """What a test of incidents touches."""

    def __init__(self, folder: Path, engine: DuckDBEngine) -> None:
        super().__init__(folder, engine)
        self.hands, self.runs = Hands(), Runs()
        self.playbooks = Playbooks(self.catalog, self.hands, self.runs, self.clock)
        self.incidents = Incidents(self.catalog, self.playbooks, self.runs, self.clock)
        self.carrying_out = CarryingOut(self.catalog, self.hands, self.clock)
        self.opening = Opening(self.catalog, self.incidents, self.clock)
        self.runs.carry_out = self._carry_out

    def _carry_out(self, owner: str, incident: int, position: int) -> bool:
        """As the task of a step does."""
        try:
            done = self.carrying_out.do(self.catalog.identities.as_owner(owner), incident, position)
        except Conflict:
            return False
        return done.state.value == "DONE"

    def playbook(self, *steps: Mapping[str, Any], name: str = "feed", who: Principal | None = None) -> KeptPlaybook:
        given = fit(Playbook, {"steps": list(steps)}, what="The playbook")
        return self.playbooks.put(who or self.ada, name, given)

    def opened(self, **more: Any) -> int:
        self.watched()
        return self.incidents.open(self.ada, NewIncident("no wind", watching.TABLE, **more)).number

    def story(self, number: int = 1) -> Story:
        return self.incidents.get(self.ada, number)

    def lines(self, number: int = 1, *kinds: str) -> list[str]:
        return [each.text for each in self.story(number).entries if not kinds or each.kind.value in kinds]

    def breaks(self) -> None:
        """The alert of the table fires, and what follows."""
        self.measure({1: 50.0})
        self.refreshed()
        self.opening.look()


@pytest.fixture(scope="session")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


@pytest.fixture
def room(tmp_path: Path, engine: DuckDBEngine) -> Iterator[Room]:
    found = Room(tmp_path, engine)
    yield found
    found.database.dispose()
