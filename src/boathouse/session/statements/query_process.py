"""The process that runs statements for clients elsewhere, one after the other, so that a query that needs too much, or
crashes the engine, takes nothing else with it.

It reads jobs from its standard input, a JSON line each, and answers events the same way. When the input ends, whoever
started it is gone, and it ends too, whatever it is doing.
"""

import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.principals import Principal
from boathouse.session.result import Result
from boathouse.session.session import Session
from boathouse.session.statements.nouns import Outcome, StatementRequest, request_of, values_of
from boathouse.session.statements.results import write_chunks

SessionOf = Callable[[Principal], Session]
PrincipalOf = Callable[[str], Principal]
Work = Callable[[Session, Mapping[str, Any]], Result]
"""Something else than SQL that a higher room lets a query process do, with the values of the request's parameters."""


def serve(principal_of: PrincipalOf, session_of: SessionOf, works: Mapping[str, Work]) -> None:
    """Run jobs until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may write between the answers
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    while True:
        job = jobs.get()
        _answer(answers, _done(job, principal_of, session_of, works))


def _listen(jobs: "queue.SimpleQueue[dict[str, Any]]") -> None:
    for line in sys.stdin:
        jobs.put(json.loads(line))
    os._exit(0)


def _done(
    job: Mapping[str, Any], principal_of: PrincipalOf, session_of: SessionOf, works: Mapping[str, Work]
) -> dict[str, Any]:
    try:
        with in_request(_context(job["context"])):
            session = session_of(principal_of(job["principal"]))
            outcome = run_statement(session, request_of(job["request"]), Path(job["folder"]), works)
        return {"id": job["id"], "event": "done", "outcome": outcome.to_json()}
    except BoathouseError as error:
        return {"id": job["id"], "event": "failed", "error_code": error.error_code, "error": str(error)}
    except MemoryError:
        message = "The statement needs more memory than it may use."
        return {"id": job["id"], "event": "failed", "error_code": "TEMPORARILY_UNAVAILABLE", "error": message}
    except Exception as error:  # noqa: BLE001 - the process goes on; the message is all that the client gets
        import traceback

        traceback.print_exc()
        message = f"The statement failed inside the server: {type(error).__name__}."
        return {"id": job["id"], "event": "failed", "error_code": "INTERNAL_ERROR", "error": message}


def run_statement(
    session: Session, request: StatementRequest, folder: Path, works: Mapping[str, Work] | None = None
) -> Outcome:
    """Run a statement and write its rows into the folder."""
    if request.catalog is not None:
        session.use_catalog(request.catalog)
    if request.schema is not None:
        session.use_schema(request.schema)
    result = _answered(session, request, works or {})
    reader = result.reader()
    outcome = write_chunks(folder, reader, request)
    nothing = reader.schema.names == ["status"] and outcome.row_count == 0
    return Outcome() if nothing else outcome


def _answered(session: Session, request: StatementRequest, works: Mapping[str, Work]) -> Result:
    values = values_of(request.parameters)
    if not request.work:
        return session.sql(request.text, values)
    if request.work not in works:
        raise InvalidInput(f"There is no work {request.work}.")
    return works[request.work](session, values)


def _context(data: Mapping[str, Any]) -> RequestContext:
    task = TaskContext.from_json(data["task"]) if data.get("task") else None
    return RequestContext(data["request_id"], data["source_ip"], data["user_agent"], task)


def _answer(answers: IO[str], event: Mapping[str, Any]) -> None:
    answers.write(json.dumps(event) + "\n")
    answers.flush()
