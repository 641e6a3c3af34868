"""When the snapshot is written, and how much of it is thought through anew."""

from typing import Any

import pytest

from boathouse.catalog import LineageNode, NodeKind, Privilege, SecurableKind
from boathouse.catalog.repository.records import EdgeFilter
from boathouse.serving.preparing import writing
from boathouse.serving.preparing.opening import Opening, Parts, Passwords
from boathouse.serving.preparing.resolving import AtOnce, Resolving
from boathouse.serving.preparing.writing import Place, SnapshotWriter

MODEL = "dev.lab.delay"


class Counted:
    """A writer that counts how often it resolves; long intervals, so that only signs of change count."""

    def __init__(self, house: Any) -> None:
        self.resolved = 0
        self._house = house
        place = Place(house.catalog, house.home, house.clock)
        self.writer = SnapshotWriter(place, self._resolving, anew_seconds=3600)

    def _resolving(self) -> Resolving:
        self.resolved += 1
        house = self._house
        parts = Parts(house.catalog, house.models, house.online, None, Passwords(house.online.secret))  # type: ignore[arg-type]
        return Resolving(house.endpoints.access, house.models, Opening(parts), AtOnce())


class Hands:
    """A clock that goes on when it is told to."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    found = Hands()
    monkeypatch.setattr(writing, "time", found)
    return found


def test_a_new_token_is_written_and_no_endpoint_is_resolved_for_it(house: Any, hands: Hands) -> None:
    house.make()
    counted = Counted(house)
    counted.writer.look()
    while counted.writer.look():  # what the first look has told makes another one due
        pass
    before = counted.resolved
    house.catalog.identities.issue_token(house.ada, "bob", lifetime_seconds=60)
    assert counted.writer.look()
    assert "bob" in [each.principal for each in house.snapshot().tokens.values()]
    assert counted.resolved == before
    house.alias("champion", 1)
    counted.writer.look()
    assert counted.resolved > before


def test_a_writer_that_comes_later_goes_on_counting(house: Any) -> None:
    house.make()
    Counted(house).writer.look()
    first = house.snapshot().generation
    assert not Counted(house).writer.look()
    house.make("others")
    Counted(house).writer.look()
    assert house.snapshot().generation == first + 1


def test_one_endpoint_that_cannot_be_resolved_keeps_no_other_from_changing(house: Any) -> None:
    class Broken(AtOnce):
        def standings(self, endpoint: Any, policy: Any, versions: Any) -> Any:
            if endpoint.name == "broken" and broken:
                raise ValueError("a mistake of ours")
            return super().standings(endpoint, policy, versions)

    broken = False
    house.model()
    house.version(1, alias="champion")
    house.rollouts = Broken()
    house.make("broken")
    house.make()
    assert house.answering("broken") == house.answering() == {1: 100.0}
    broken = True
    house.version(2, alias="champion")
    assert (house.answering("broken"), house.answering()) == ({1: 100.0}, {2: 100.0})


def test_the_lineage_names_an_endpoint_only_to_those_who_may_know_of_it(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    house.may_use("bob")
    house.make()
    house.live()
    wanted = EdgeFilter(source=LineageNode(NodeKind.MODEL_VERSION, MODEL, 1))
    assert house.catalog.lineage.edges(house.bob, wanted) == []
    house.grant("bob", Privilege.BROWSE, SecurableKind.ENDPOINT, "delays")
    assert len(house.catalog.lineage.edges(house.bob, wanted)) == 1


def test_where_everything_changes_all_the_time_resolving_rests_and_nothing_waits_long(house: Any, hands: Hands) -> None:
    counted = Counted(house)
    resolving = counted._resolving

    def slowly() -> Resolving:
        hands.now += 0.5
        return resolving()

    counted.writer._resolving = slowly
    house.make("first")
    assert counted.writer.look()
    house.make("second")
    house.catalog.identities.issue_token(house.ada, "bob", lifetime_seconds=60)
    assert counted.writer.look()  # a token waits for nothing
    assert not counted.writer.look()
    assert "bob" in [each.principal for each in house.snapshot().tokens.values()]
    assert [each.name for each in house.snapshot().endpoints] == ["first"]
    assert counted.resolved == 1
    hands.now += writing.LONGEST_REST_SECONDS
    assert counted.writer.look()
    assert [each.name for each in house.snapshot().endpoints] == ["first", "second"]
    assert counted.resolved == 2
