"""The first rung that can answers, and says what had failed above it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from boathouse.catalog import Function, Language, Securable, SecurableKind
from boathouse.catalog.definitions import Parameter, definition_digest, function_json
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.fallback.ladder import Ladder, NoRung
from boathouse.serving.scoring.nouns import Payload, ScoringFailed, Shape
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute, LiveRung

ROUTED = LiveEntity("v3", "flights", EntityKind.MODEL, "prod.flights.late", 3, None, baseline_folder="/b")
PREVIOUS = LiveEntity("v2", "flights", EntityKind.MODEL, "prod.flights.late", 2, None)
PAYLOAD = Payload(Shape.SPLIT, 2, ["carrier", "distance"], [["AA", 100], ["UA", 2500]])
FAILED = ScoringFailed("took more than 100 ms")


class Doubling:
    """Answers twice the distance, or what it is told."""

    is_fast = True
    required = ()

    def __init__(self, of: Callable[[list[Any]], Any] = lambda values: [2 * each for each in values]) -> None:
        self._of = of

    def read(self, payload: Payload) -> Any:
        return [row[1] for row in payload.data]

    def predict(self, arrays: Any, params: Mapping[str, Any] | None) -> Any:
        return self._of(arrays)

    def answer(self, predictions: Any) -> bytes:
        return json.dumps(predictions).encode()

    def close(self) -> None: ...


def ladder(*rungs: LiveRung, scorers: dict[tuple[str, bool], Doubling] | None = None) -> Ladder:
    entities, routes = (ROUTED, PREVIOUS), (LiveRoute("v3", 100),)
    endpoint = LiveEndpoint("e", "flights", 1, entities, routes, frozenset(), EndpointPolicy(), ladder=rungs)

    def open_scorer(entity: LiveEntity, *, baseline: bool) -> Doubling:
        try:
            return (scorers or {})[entity.entity_id, baseline]
        except KeyError:
            raise ScoringFailed("did not load") from None

    return Ladder(endpoint, open_scorer)


def function(body: str, language: Language = Language.SQL, returns: str = "DOUBLE", *parameters: Parameter):
    securable = Securable("f", SecurableKind.FUNCTION, "prod.flights.rule", owner="ann")
    asked = parameters or (Parameter("distance", "BIGINT"),)
    return {"full_name": "prod.flights.rule", **function_json(Function(securable, language, asked, returns, body))}


def test_the_first_rung_that_answers_is_taken() -> None:
    rungs = ladder(LiveRung("previous", "v2"), LiveRung("constant", value=0.2), scorers={("v2", False): Doubling()})
    fallen = rungs.answer(PAYLOAD, None, FAILED, routed="v3")

    assert (json.loads(fallen.answer), fallen.rung, fallen.entity) == ([200, 5000], "previous", PREVIOUS)
    assert fallen.why == "prod.flights.late@3: took more than 100 ms"


def test_a_rung_that_fails_is_named_with_what_it_failed_of() -> None:
    rungs = ladder(LiveRung("previous", "v2"), LiveRung("constant", value=0.2))
    fallen = rungs.answer(PAYLOAD, None, FAILED, routed="v3")

    assert (json.loads(fallen.answer), fallen.rung, fallen.entity) == ([0.2, 0.2], "constant", None)
    assert fallen.why == "prod.flights.late@3: took more than 100 ms; previous: did not load"


def test_what_is_no_model_says_what_it_was() -> None:
    told = function("distance / 1000.0")
    fallen = ladder(LiveRung("constant", value=[0.5])).answer(PAYLOAD, None, FAILED)
    assert json.loads(fallen.details or "") == {"value": [0.5]}
    fallen = ladder(LiveRung("rules", function=json.loads(json.dumps(told)))).answer(PAYLOAD, None, FAILED)
    known = {"function": "prod.flights.rule", "definition": definition_digest(told)}
    assert json.loads(fallen.details or "") == known
    assert definition_digest(function("distance / 1000.1")) != known["definition"]


def test_the_baseline_is_the_other_model_of_the_same_run() -> None:
    rungs = ladder(LiveRung("baseline", "v3"), scorers={("v3", True): Doubling(), ("v3", False): Doubling(list)})
    assert json.loads(rungs.answer(PAYLOAD, None, FAILED, routed="v3").answer) == [200, 5000]


def test_a_rung_that_is_what_failed_is_passed_over() -> None:
    rungs = ladder(LiveRung("version", "v3"), LiveRung("constant", value=1), scorers={("v3", False): Doubling()})
    assert rungs.answer(PAYLOAD, None, FAILED, routed="v3").rung == "constant"


def test_as_many_answers_as_rows_or_the_next_rung() -> None:
    short = Doubling(lambda values: values[:1])
    rungs = ladder(LiveRung("previous", "v2"), LiveRung("constant", value=0), scorers={("v2", False): short})
    fallen = rungs.answer(PAYLOAD, None, FAILED, routed="v3")
    assert fallen.rung == "constant"
    assert "previous: it gave 1 answers for 2 rows" in fallen.why


def test_without_an_answer_every_failure_is_told() -> None:
    with pytest.raises(NoRung, match=r"late@3: took more than 100 ms; previous: did not load"):
        ladder(LiveRung("previous", "v2")).answer(PAYLOAD, None, FAILED, routed="v3")


def test_after_the_time_is_up_no_further_model_is_asked() -> None:
    rungs = ladder(LiveRung("previous", "v2"), LiveRung("constant", value=7), scorers={("v2", False): Doubling()})
    fallen = rungs.answer(PAYLOAD, None, FAILED, routed="v3", until=0.0)
    assert fallen.rung == "constant"
    assert "previous: not asked, the time was up" in fallen.why


def test_a_function_in_sql_answers_from_the_inputs() -> None:
    rungs = ladder(LiveRung("rules", function=function("distance / 1000.0")))
    assert json.loads(rungs.answer(PAYLOAD, None, FAILED).answer) == [0.1, 2.5]


def test_a_feature_is_taken_before_an_input_of_its_name() -> None:
    rungs = ladder(LiveRung("rules", function=function("distance / 1000.0")))
    assert json.loads(rungs.answer(PAYLOAD, {"distance": [1000, 2000]}, FAILED).answer) == [1.0, 2.0]


def test_a_parameter_that_nobody_gives_has_its_default() -> None:
    parameters = Parameter("distance", "BIGINT"), Parameter("factor", "BIGINT", default="3")
    rungs = ladder(LiveRung("rules", function=function("distance * factor", Language.SQL, "BIGINT", *parameters)))
    assert json.loads(rungs.answer(PAYLOAD, None, FAILED).answer) == [300, 7500]


def test_a_function_in_python_answers_from_the_inputs() -> None:
    body = "return {'AA': 0.25}.get(carrier, 0.5)"
    parameters = (Parameter("carrier", "STRING"),)
    rungs = ladder(LiveRung("rules", function=function(body, Language.PYTHON, "DOUBLE", *parameters)))
    try:
        assert json.loads(rungs.answer(PAYLOAD, None, FAILED).answer) == [0.25, 0.5]
    finally:
        rungs.close()


def test_a_function_without_its_argument_says_so_and_the_next_rung_answers() -> None:
    rule = function("weight", Language.SQL, "DOUBLE", Parameter("weight", "DOUBLE"))
    fallen = ladder(LiveRung("rules", function=rule), LiveRung("constant", value=9)).answer(PAYLOAD, None, FAILED)
    assert fallen.rung == "constant"
    assert "given nothing for its parameter weight" in fallen.why
