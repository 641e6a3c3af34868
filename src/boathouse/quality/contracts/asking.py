"""A check from a task or the command line: the contract comes from the control plane, the data from storage, and what
it came to goes back."""

from collections.abc import Iterator
from urllib.parse import quote

from boathouse.foundation.clock import Clock
from boathouse.foundation.names import TableName
from boathouse.foundation.rest import RestClient
from boathouse.quality.contracts.checking import check
from boathouse.quality.contracts.nouns import CheckReport
from boathouse.quality.contracts.reading import read_contract
from boathouse.session import Session

API = "/api/boathouse/v1/contracts"


def checked(
    session: Session, client: RestClient, table: TableName, clock: Clock, *, against: str | int | None = None
) -> CheckReport:
    """Hold a table against the contract that is attached to it, and tell what it came to.

    Raises:
        NotFound: It has no contract.
        Denied: The principal may not write to the table, so that its word does not count.
    """
    held = client.get(path_of(table))
    contract = read_contract(held["document"], table=str(table))
    report = check(session, table, contract, clock, against=against)
    client.post(f"{path_of(table)}/checks", report.to_json())
    return report


def told_of(report: CheckReport) -> Iterator[str]:
    """A report for people: what is broken first, then warnings."""
    version = "" if report.table_version is None else f", version {report.table_version}"
    rows = "" if report.rows is None else f"{report.rows:,} rows of "
    state = f"{len(report.broken)} rules are broken" if report.broken else "the contract holds"
    yield f"{rows}{report.table}{version}: {state} ({report.contract} {report.contract_version})"
    for each in report.broken:
        yield f"broken: {each.message}"
    for each in report.warnings:
        yield f"warning: {each.message}"


def path_of(table: TableName | str) -> str:
    return f"{API}/{quote(str(table), safe='')}"
