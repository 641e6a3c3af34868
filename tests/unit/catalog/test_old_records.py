"""What of the records is forgotten after a year, and what stays because something that exists needs it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from boathouse.catalog import ColumnFlow, LineageEdge, LineageNode, NodeKind, SecurableKind
from boathouse.catalog.old_records import OldRecords, RecordSettings
from boathouse.catalog.repository.schema import audit_events, column_flows, lineage_edges
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.names import TableName

YEAR = timedelta(days=366)
MODEL = LineageNode(NodeKind.MODEL_VERSION, "dev.trips.delay", 1)
RUN = LineageNode(NodeKind.RUN, "abc")


def table(name: str, version: int | None = None) -> LineageNode:
    return LineageNode(NodeKind.TABLE, f"dev.trips.{name}", version)


def path(name: str) -> LineageNode:
    return LineageNode(NodeKind.PATH, f"/landing/{name}.csv")


def wrote(source: LineageNode | None, target: LineageNode | None, operation: str = "INSERT", **more) -> LineageEdge:
    return LineageEdge(source, target, operation, **more)


class Years:
    def __init__(self, law) -> None:
        self.law = law
        self.database = law.catalog.audit._database
        self.old = OldRecords(self.database)
        for name in ("raw", "clean", "scores"):
            law.make_table(f"dev.trips.{name}")

    def record(self, *edges: LineageEdge, task: int | None = None) -> None:
        of_task = TaskContext(7, "hourly", task, "t", task) if task else None
        with in_request(RequestContext(task=of_task)):
            for edge in edges:
                self.law.catalog.lineage.record(self.law.admin, [edge])

    def pass_a_year(self) -> None:
        """And sweep, until nothing changes any more."""
        self.record(wrote(None, path("something new")))
        self.law.clock.advance(YEAR)
        self.record(wrote(None, path("something new")))
        while self.old.compact_lineage(self.law.clock.now()):
            pass

    def edges(self) -> list[tuple[str, str]]:
        """Their ends, with the versions that they have."""

        def spelled(node: LineageNode | None) -> str:
            short = node.name.rpartition(".")[2] if node and node.kind is not NodeKind.PATH else node and node.name
            return f"{short}@{node.version}" if node and node.version is not None else str(short)

        found = [each.edge for each in self.law.catalog.lineage.edges(self.law.admin)]
        pairs = [(spelled(each.source), spelled(each.target)) for each in reversed(found)]
        return [pair for pair in pairs if "something new" not in pair[1]]

    def count(self, of) -> int:
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(of)).scalar_one()


@pytest.fixture
def years(law) -> Years:
    return Years(law)


def test_of_what_was_written_again_and_again_the_newest_edge_stays(years) -> None:
    for version in range(1, 5):
        years.record(wrote(table("raw", version), table("clean", version)))
    years.record(wrote(table("raw", 4), table("clean", 5), "MERGE"))

    assert years.old.compact_lineage(years.law.clock.now()) == 0  # nothing is a year old
    years.pass_a_year()

    assert years.edges() == [("raw@4", "clean@4"), ("raw@4", "clean@5")]


def test_walks_show_the_same_things_and_columns_as_before(years) -> None:
    for column in ("x", "y", "x"):
        flow = ColumnFlow({column: ("a",)})
        years.record(wrote(table("raw", 1), table("clean", 1), columns=flow))
    years.record(wrote(table("clean", 1), table("scores", 1), columns=ColumnFlow({"f": ("x",)})))
    lineage, ada = years.law.catalog.lineage, years.law.admin

    def shown() -> set[tuple[str | None, str | None]]:
        steps = lineage.columns_up(ada, lineage.find(ada, "dev.trips.scores")).steps
        return {(step.source.column, step.target.column) for step in steps}

    before = shown()
    years.pass_a_year()

    assert shown() == before != set()


def test_reads_are_forgotten_unless_what_was_made_of_them_is_remembered(years) -> None:
    years.record(wrote(table("raw", 1), None, "SELECT"))
    for run in (70, 71):
        years.record(wrote(table("raw", run), None, "SELECT"), wrote(None, table("clean", run), "WRITE"), task=run)

    years.pass_a_year()

    assert years.edges() == [("raw@71", "None"), ("None", "clean@71")]


def test_what_a_model_was_trained_on_is_told_for_as_long_as_the_model_is_there(years) -> None:
    years.law.catalog.securables.register(years.law.admin, SecurableKind.REGISTERED_MODEL, MODEL.name)
    years.record(wrote(table("raw", 3), RUN, "TRAINED"), wrote(RUN, MODEL, "REGISTERED"))
    for run in (70, 71):
        years.record(wrote(MODEL, None, "LOADED"), wrote(None, table("scores", run), "WRITE"), task=run)

    years.pass_a_year()

    assert years.edges() == [("raw@3", "abc"), ("abc", "delay@1"), ("delay@1", "None"), ("None", "scores@71")]


def test_a_pinned_version_keeps_the_edges_that_made_it(years) -> None:
    clean = years.law.catalog.securables.table(years.law.admin, TableName.parse("dev.trips.clean"))
    for version in (1, 2, 3):
        years.record(wrote(table("raw", version), table("clean", version)))
    years.law.catalog.pins.pin(years.law.admin, clean.securable.id, 2, "model_version:dev.trips.delay/1")

    years.pass_a_year()

    assert years.edges() == [("raw@2", "clean@2"), ("raw@3", "clean@3")]


def test_tables_for_a_night_and_files_of_every_hour_do_not_pile_up(years) -> None:
    for hour in range(10):
        years.law.make_table(f"dev.trips.night{hour}")
        years.record(wrote(path(f"{hour}"), table(f"night{hour}")), wrote(table(f"night{hour}"), table("clean")))
        years.record(wrote(path(f"{hour}"), table("raw"), "COPY"), wrote(table("raw"), table(f"night{hour}")))
        years.law.catalog.securables.drop(years.law.admin, SecurableKind.TABLE, f"dev.trips.night{hour}")

    years.pass_a_year()

    assert years.edges() == [
        ("/landing/9.csv", "night9"),  # gone, but it explains what is in clean
        ("night9", "clean"),
        ("/landing/9.csv", "raw"),
        ("raw", "night9"),
    ]


def test_rows_and_flows_of_three_years_are_no_more_than_those_of_two(years) -> None:
    def pass_months() -> None:
        for number in range(12):
            flow = ColumnFlow({f"x{years.law.clock.now():%Y}": ("a",)}) if number == 0 else None
            years.record(wrote(table("raw", number), None, "SELECT"))
            years.record(wrote(path(str(years.law.clock.now())), table("clean")))
            years.record(wrote(table("raw"), table("night"), columns=flow))
            years.law.catalog.audit.record(years.law.admin, "jobs", "runNow")
            years.law.clock.advance(timedelta(days=365 / 12))
            years.old.forget_events(years.law.clock.now())
            years.old.compact_lineage(years.law.clock.now())

    years.law.make_table("dev.trips.night")
    years.law.catalog.securables.drop(years.law.admin, SecurableKind.TABLE, "dev.trips.night")
    pass_months()
    pass_months()
    settled = [years.count(each) for each in (audit_events, lineage_edges, column_flows)]
    pass_months()

    assert [years.count(each) for each in (audit_events, lineage_edges, column_flows)] == settled
    assert settled[2] == 1


def test_the_newest_event_stays_so_that_no_number_comes_twice(years) -> None:
    audit = years.law.catalog.audit
    newest = audit.latest()
    years.law.clock.advance(YEAR)

    assert OldRecords(years.database, RecordSettings(audit_days=1)).forget_events(years.law.clock.now()) > 0
    assert audit.latest() == newest and years.count(audit_events) == 1
