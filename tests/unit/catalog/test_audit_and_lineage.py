import pytest

from boathouse.catalog import LineageEdge, LineageNode, NodeKind, Privilege, SecurableKind
from boathouse.catalog.repository.records import EdgeFilter, EventFilter
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.errors import BoathouseError, Conflict, Denied, NotFound, Unavailable

TASK = TaskContext(7, "train", 70, "fit", 700, bundle="flights", target="dev", git_commit="abc", as_of="2013-05-01")
USE = (Privilege.USE_CATALOG, Privilege.USE_SCHEMA)


def node(name: str, version: int | None = None) -> LineageNode:
    return LineageNode(NodeKind.TABLE, name, version)


def test_every_verb_leaves_an_event_with_the_facts_of_its_request(law):
    with in_request(RequestContext("r1", "10.0.0.9", "curl", TASK)):
        law.make_table()

    [event] = law.catalog.audit.events(EventFilter(action="createTable"))
    assert (event.principal, event.securable_name, event.status_code) == ("alice", "dev.trips.rides", 200)
    assert (event.request_id, event.source_ip, event.user_agent, event.as_of) == (
        "r1",
        "10.0.0.9",
        "curl",
        "2013-05-01",
    )


def test_a_refused_attempt_is_in_the_log_too(law):
    law.let("bob", *USE)
    with pytest.raises(Denied):
        law.make_table(by=law.bob)
    with pytest.raises(NotFound):
        law.catalog.securables.drop(law.bob, SecurableKind.TABLE, "prod.s.t")

    refused = law.catalog.audit.events(EventFilter(principal="bob"))
    assert [(event.action, event.status_code) for event in refused] == [
        ("deleteTable", 404),
        ("createStagingTable", 403),
    ]
    assert "CREATE_TABLE" in str(refused[1].error_message)


@pytest.mark.parametrize(
    ("error", "status"),
    [(Conflict("x"), 409), (Unavailable("x"), 503), (BoathouseError("x"), 500), (OSError("x"), 500)],
)
def test_a_verb_of_another_room_is_recorded_however_it_ends(law, error, status):
    with pytest.raises(type(error)):
        with law.catalog.audit.verb(law.bob, "jobs", "runNow", SecurableKind.JOB, "12"):
            raise error

    [event] = law.catalog.audit.events(EventFilter(service="jobs"))
    assert (event.status_code, event.securable_name) == (status, "12")


def test_a_change_that_fails_leaves_no_event_of_success(law):
    law.make_table()
    law.make_table("dev.trips.other")
    with pytest.raises(BoathouseError):
        law.catalog.securables.rename(law.admin, SecurableKind.TABLE, "dev.trips.rides", "other")

    events = law.catalog.audit.events(EventFilter(action="updateTable"))
    assert [event.status_code for event in events] == [409]


def test_one_sees_ones_own_events_unless_one_may_read_them_all(law):
    law.catalog.identities.list_tokens(law.bob)

    assert {event.principal for event in law.catalog.audit_trail(law.bob)} == {"bob"}
    law.let("bob", *USE, Privilege.SELECT, on="system")
    assert {event.principal for event in law.catalog.audit_trail(law.bob)} >= {"bob", "alice", "system"}


def test_edges_carry_versions_and_the_facts_of_the_task(law):
    law.make_table()
    with in_request(RequestContext("r1", task=TASK)):
        law.catalog.lineage.record(law.admin, [LineageEdge(node("dev.trips.rides", 3), None, "READ", "s1")])

    [found] = law.catalog.lineage.edges(law.admin, EdgeFilter(task_run_id=700))
    assert found.edge.source == node("dev.trips.rides", 3)
    assert found.edge.entity["git_commit"] == "abc"
    assert found.edge.entity["bundle"] == "flights"
    assert law.catalog.lineage.reads_of_task(700) == [node("dev.trips.rides", 3)]


def test_the_graph_is_walked_both_ways(law):
    for name in ("raw", "clean", "model_input"):
        law.make_table(f"dev.trips.{name}")
    raw, clean, model_input = (node(f"dev.trips.{name}") for name in ("raw", "clean", "model_input"))
    lineage = law.catalog.lineage
    lineage.record(law.admin, [LineageEdge(raw, clean, "WRITE")])
    lineage.record(law.admin, [LineageEdge(clean, model_input, "WRITE"), LineageEdge(model_input, raw, "WRITE")])

    assert [e.edge.source for e in lineage.upstream(law.admin, model_input)][:2] == [raw, clean]
    assert len(lineage.downstream(law.admin, raw)) == 3


def test_what_a_task_writes_from_memory_comes_from_what_it_has_read(law):
    lineage = law.catalog.lineage
    raw, features, predictions = (node(f"dev.trips.{name}", 0) for name in ("raw", "features", "predictions"))
    other = node("dev.trips.other", 0)
    for table in ("raw", "features", "predictions", "other"):
        law.make_table(f"dev.trips.{table}")
    for number, (read, written) in enumerate([(raw, features), (features, predictions), (raw, other)]):
        with in_request(RequestContext(task=TaskContext(7, "job", 70, f"t{number}", 700 + number))):
            lineage.record(law.admin, [LineageEdge(read, None, "READ")])
            lineage.record(law.admin, [LineageEdge(None, written, "WRITE")])

    upstream = lineage.upstream(law.admin, predictions)
    downstream = lineage.downstream(law.admin, features)

    assert {e.edge.source for e in upstream} == {None, features, raw}
    assert {e.edge.target for e in downstream} == {None, predictions}


def test_edges_to_what_one_may_not_know_are_neither_shown_nor_recorded(law):
    law.make_table("dev.trips.rides")
    law.make_table("dev.trips.secret")
    law.let("bob", *USE)
    law.let("bob", Privilege.SELECT, on="dev.trips.rides")
    lineage = law.catalog.lineage
    lineage.record(law.admin, [LineageEdge(node("dev.trips.secret"), node("dev.trips.rides"), "WRITE")])
    lineage.record(law.admin, [LineageEdge(node("dev.trips.rides", 1), None, "READ")])

    assert [each.edge.operation for each in lineage.edges(law.bob)] == ["READ"]
    with pytest.raises(NotFound, match=r"dev\.trips\.secret"):
        lineage.record(law.bob, [LineageEdge(node("dev.trips.secret"), None, "READ")])


def test_what_no_text_can_hold_does_not_spoil_the_log(law):
    law.catalog.audit.record(law.admin, "catalog", "try", error="\ud800 failed", params={"comment": "a\ud800b"})

    event = law.catalog.audit.events(limit=1)[0]
    assert (event.error_message, event.request_params) == ("? failed", {"comment": "a?b"})


def test_listeners_hear_of_edges_and_cannot_spoil_them(law):
    law.make_table()
    heard = []

    def failing(*_: object) -> None:
        raise Unavailable("MLflow sleeps")

    law.catalog.lineage.subscribe(failing)
    law.catalog.lineage.subscribe(lambda principal, edges, task: heard.append((principal.name, len(edges), task)))
    with in_request(RequestContext(task=TASK)):
        law.catalog.lineage.record(law.admin, [LineageEdge(node("dev.trips.rides", 0), None, "READ")])

    assert heard == [("alice", 1, TASK)]
    assert len(law.catalog.lineage.edges(law.admin)) == 1


def test_pins_last_until_their_holder_lets_go(law):
    table_id = law.make_table().securable.id
    pins = law.catalog.pins
    for holder in ("model:a/1", "model:b/1"):
        pins.pin(law.admin, table_id, 3, holder)
    pins.pin(law.admin, table_id, 3, "model:a/1")
    pins.pin(law.admin, table_id, 5, "model:a/1")

    assert pins.versions(table_id) == [3, 5]
    pins.release("model:a/1")
    assert pins.versions(table_id) == [3]
    with pytest.raises(NotFound):
        pins.pin(law.bob, table_id, 3, "model:c/1")
