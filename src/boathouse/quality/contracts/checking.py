# pyright: reportUnknownParameterType=false
"""Holding a table against its contract: one pass over its rows, and one query for each rule that is a query itself.

A rule that cannot be asked is not good, whatever the reason; the others are asked all the same.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlglot import exp

from boathouse.catalog.contract_rules import OnViolation
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.names import TableName, quote_part
from boathouse.lake import Snapshot
from boathouse.lake.history import history
from boathouse.quality.contracts.nouns import (
    CheckReport,
    Contract,
    Finding,
    Kind,
    Sla,
    Term,
    Threshold,
    is_breach,
)
from boathouse.quality.contracts.schema_terms import schema_findings
from boathouse.session import Session
from boathouse.session.sql.dialect import databricks_sql
from boathouse.session.sql.reading import read_query

_HOUR = 3600.0


def check(
    session: Session, table: str | TableName, contract: Contract, clock: Clock, *, against: str | int | None = None
) -> CheckReport:
    """Hold a table against its contract.

    Args:
        against: Another table, or a version of this one, that it is compared with: rows, missing values, outliers.

    Raises:
        NotFound, Denied: There is no such table, or the principal may not read it.
    """
    name = table if isinstance(table, TableName) else TableName.parse(table)
    now = clock.now()
    (opened,) = session.open_tables([name])
    actual = {column.name: column.type_text for column in opened.table.columns}
    findings = list(schema_findings(contract.columns, actual))
    at = f"{name.quoted()} VERSION AS OF {opened.snapshot.version}"
    rows, found = _one_pass(session, at, contract, actual, now)
    findings += found
    findings += _queries(session, name, contract)
    findings += _commit_slas(opened.snapshot, contract, now)
    if against is not None:
        from boathouse.quality.contracts.comparing import compared

        findings += compared(session, name, opened.snapshot.version, against)
    return CheckReport(
        str(name), contract.id, contract.version, opened.snapshot.version, rows, epoch_ms(now), tuple(findings)
    )


def _one_pass(
    session: Session, source: str, contract: Contract, actual: dict[str, str], now: datetime
) -> tuple[int | None, list[Finding]]:
    """What the rows themselves tell."""
    there = {each.lower() for each in actual}
    asked: list[tuple[Term | Sla, str]] = []
    findings: list[Finding] = []
    for term in contract.terms:
        if term.kind is Kind.QUERY:
            continue
        if term.column is not None and term.column.lower() not in there:
            findings.append(_unasked(term, f"the column {term.column} is not there"))
            continue
        asked.append((term, _aggregate(term)))
    for sla in contract.slas:
        if sla.column is not None and sla.column.lower() in there:
            value = quote_part(sla.column)
            asked.append((sla, f"max({value})" if sla.kind is Kind.FRESHNESS else f"min({value})"))
        elif sla.column is not None:
            told = f"The column {sla.column} is not there."
            findings.append(Finding(sla.kind.value, sla.kind, False, told, sla.column, sla.severity))
    try:
        values = _asked(session, source, [sql for _, sql in asked])
    except InvalidInput:
        # One of them is wrong; asked one by one, the others still have their answer.
        values = [_alone(session, source, sql) for sql in ("count(*)", *(sql for _, sql in asked))]
    rows = values[0] if isinstance(values[0], int) else None
    for (each, _), value in zip(asked, values[1:], strict=True):
        if isinstance(each, Sla):
            findings.append(_sla(each, value, now))
        elif isinstance(value, BoathouseError):
            findings.append(_unasked(each, value.message))
        else:
            findings.append(_judged(each, value, rows))
    return rows, findings


def _aggregate(term: Term) -> str:
    return f"count_if(({term.sql}) IS NOT TRUE)" if term.kind is Kind.ROWS else term.sql


def _asked(session: Session, source: str, expressions: Sequence[str]) -> list[Any]:
    shown = ", ".join(f"{sql} AS c{position}" for position, sql in enumerate(["count(*)", *expressions]))
    (row,) = session.sql(f"SELECT {shown} FROM {source}").rows()
    return list(row.values())


def _alone(session: Session, source: str, sql: str) -> Any:
    try:
        return _asked(session, source, [sql])[1]
    except BoathouseError as error:
        return error


def _queries(session: Session, name: TableName, contract: Contract) -> Iterator[Finding]:
    for term in contract.terms:
        if term.kind is not Kind.QUERY:
            continue
        try:
            rows = session.sql(query_about(term.sql, name, contract.object_name)).rows()
            if len(rows) != 1 or len(rows[0]) != 1:
                raise InvalidInput("The query does not give one value.", hint="Write SELECT count(*) ...")
            yield _judged(term, next(iter(rows[0].values())), None)
        except BoathouseError as error:
            yield _unasked(term, error.message)


def query_about(text: str, name: TableName, object_name: str) -> str:
    """A contract's query, with the table by its full name wherever the contract calls it by its own.

    Raises:
        InvalidInput: It is no query.
    """
    for spelled in ("${object}", "${table}", "${model}", "{object}", "{table}", "{model}"):
        text = text.replace(spelled, name.quoted())
    tree = read_query(text)
    ours = {object_name.lower(), object_name.rpartition(".")[2].lower(), name.name.lower()}
    local = {each.alias.lower() for each in tree.find_all(exp.CTE)}
    for each in list(tree.find_all(exp.Table)):
        if not each.db and each.name.lower() in ours - local:
            whole = exp.to_table(str(name), dialect="databricks")
            for part in ("this", "db", "catalog"):
                each.set(part, exp.to_identifier(whole.args[part].name, quoted=True))
            if not each.alias:
                each.set("alias", exp.TableAlias(this=exp.to_identifier(object_name.rpartition(".")[2], quoted=True)))
    return databricks_sql(tree)


def _commit_slas(snapshot: Snapshot, contract: Contract, now: datetime) -> Iterator[Finding]:
    """Freshness by the last commit that changed rows."""
    for sla in contract.slas:
        if sla.column is None and sla.kind is Kind.FRESHNESS:
            commits = [each for each in history(snapshot.location) if each.changes_data]
            yield _sla(sla, max((each.timestamp for each in commits), default=None), now)
        elif sla.column is None:
            told = "Retention needs a column of time: element: table.column."
            yield Finding(sla.kind.value, sla.kind, False, told, severity="info", is_breach=False)


def _judged(term: Term, value: Any, rows: int | None) -> Finding:
    figure = float(value) if value is not None and not isinstance(value, int) else value
    if figure is not None and not math.isfinite(figure):
        figure = None
    shown = figure
    if term.threshold.is_percent and figure is not None:
        shown = 100.0 * figure / rows if rows else 0.0
    is_good = term.threshold.holds(shown)
    told = _told(term, shown, term.threshold)
    return Finding(
        term.name,
        term.kind,
        is_good,
        told,
        term.column,
        term.severity,
        None if shown is None else float(shown),
        _breaks(term),
    )


def _told(term: Term, figure: float | None, threshold: Threshold) -> str:
    if figure is None:
        return f"{term.name}: nothing was measured; it {threshold}."
    shown = f"{figure:,}" if isinstance(figure, int) else f"{figure:,.6g}"
    unit = " %" if threshold.is_percent else ""
    what = "rows break it" if term.kind is Kind.ROWS else "was found"
    return f"{term.name}: {shown}{unit} {what}; it {threshold}."


def _unasked(term: Term, why: str) -> Finding:
    return Finding(
        term.name,
        term.kind,
        False,
        f"{term.name} could not be asked: {why.rstrip('.')}.",
        term.column,
        term.severity,
        is_breach=_breaks(term),
    )


def _breaks(term: Term) -> bool:
    return term.on_violation is not OnViolation.KEEP


def _sla(sla: Sla, value: Any, now: datetime) -> Finding:
    """Whether the newest (or oldest) moment is recent enough."""
    where = f" of {sla.column}" if sla.column else ""
    if isinstance(value, BoathouseError):
        return Finding(sla.kind.value, sla.kind, False, f"{sla.kind.value}: {value.message}", sla.column, sla.severity)
    moment = _moment(value)
    if moment is None:
        empty = value is None
        told = f"{sla.kind.value}{where}: " + ("there is no value." if empty else f"{value!r} is no time.")
        is_good = empty and sla.kind is Kind.RETENTION
        return Finding(
            sla.kind.value, sla.kind, is_good, told, sla.column, sla.severity, is_breach=is_breach(sla.severity)
        )
    age = (now - moment).total_seconds()
    is_good = age <= sla.seconds
    which = "newest" if sla.kind is Kind.FRESHNESS else "oldest"
    allowed = f"{sla.seconds / _HOUR:,.1f} h are allowed"
    told = f"{sla.kind.value}: the {which}{where or ' commit'} is {age / _HOUR:,.1f} h old; {allowed}."
    return Finding(sla.kind.value, sla.kind, is_good, told, sla.column, sla.severity, age, is_breach(sla.severity))


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str):
        try:
            return _moment(datetime.fromisoformat(value))
        except ValueError:
            return None
    return None
