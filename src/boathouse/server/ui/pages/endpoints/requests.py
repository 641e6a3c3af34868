"""What an endpoint was asked lately, and one request with what it was answered from, answered again on demand."""

import json
from datetime import datetime

from nicegui import ui
from nicegui.element import Element

from boathouse.foundation.clock import epoch_ms, from_epoch_ms
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.endpoints.shown import Shown
from boathouse.server.ui.parts.asking import button
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.grid import Grid, Linked, State, grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, columns, row
from boathouse.server.ui.parts.problems import problem
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import facts, heading, link, note, preformatted, words
from boathouse.server.ui.parts.times import in_words, when
from boathouse.server.ui.visitor import Visitor
from boathouse.serving.looking.requests import AskedRequest, ReadFeature
from boathouse.serving.replay.nouns import Replay, Verdict

LATEST = 100
_COLUMNS = ("When", "Request", "Answered by", "Route", "Status", "ms", "Rows", "Requester", "Caller's id")
_VERDICTS = {
    Verdict.EQUAL: ("equal: the same answer comes out again", Tone.GOOD),
    Verdict.DIFFERS: ("differs", Tone.BAD),
    Verdict.IMPOSSIBLE: ("cannot be replayed", Tone.DOUBTFUL),
}


async def requests_tab(visitor: Visitor, shown: Shown) -> None:
    with card("Find a request"):
        _find(shown.name)
    with card("Latest requests"):
        later(lambda: _latest(visitor, shown), "Reading the inference table …")


def _find(name: str) -> None:
    async def go() -> None:
        if wanted := (field.value or "").strip():
            go_to(addresses.endpoint_request(name, wanted))

    with row():
        field = ui.input("Request id").props("outlined dense").classes("bh-wide-field")
        field.on("keydown.enter", go)
        button("Show", go)
    note("Every answer carries its id in the header x-request-id.")


async def _latest(visitor: Visitor, shown: Shown) -> None:
    requests = visitor.plane.serving.looking.requests
    found = await visitor.ask(requests.latest, shown.name, limit=LATEST)
    with row():
        place = ui.element("span")
        table = await visitor.ask(requests.table, shown.name)
        link("all of them", addresses.table(table))
    shown_grid = grid(
        _COLUMNS,
        [_line(shown.name, each) for each in found],
        label="Latest requests",
        nothing="Nothing that this endpoint has answered is in its inference table yet.",
        next_step="What is asked comes there within seconds.",
    )
    if isinstance(shown_grid, Grid):

        async def again() -> None:
            fresh = await visitor.ask(requests.latest, shown.name, limit=LATEST)
            shown_grid.show([_line(shown.name, each) for each in fresh])

        with place:
            button("Look again", again)


def _line(name: str, asked: AskedRequest) -> list[object]:
    return [
        asked.at, Linked(asked.request_id, addresses.endpoint_request(name, asked.request_id)), asked.answered_by,
        asked.route, _status(asked.status), asked.milliseconds, asked.rows, asked.requester, asked.client_request_id,
    ]  # fmt: skip


def _status(status: int | None) -> State | None:
    if status is None:
        return None
    return State(status, Tone.GOOD if status < 400 else Tone.DOUBTFUL if status < 500 else Tone.BAD)


async def request_page(visitor: Visitor, name: str, request_id: str) -> None:
    endpoint = addresses.endpoint(name)
    trail = (
        Crumb("Endpoints", addresses.ENDPOINTS),
        Crumb(name, endpoint),
        Crumb("Requests", addresses.with_query(endpoint, tab="Requests")),
    )
    await visitor.ask(visitor.plane.serving.endpoints.get, name)
    with frame(visitor, f"Request {request_id}", *trail):
        later(lambda: _request(visitor, name, request_id), "Looking for the request …")


async def _request(visitor: Visitor, name: str, request_id: str) -> None:
    whole = await visitor.ask(visitor.plane.serving.looking.requests.one, name, request_id)
    with card():
        _facts(whole.asked)
    with card("Replay"):
        if _is_refused(whole.asked):
            note("It was not answered, so there is nothing to compare with.")
        else:
            _replaying(visitor, name, request_id)
    with columns():
        with card("Asked"):
            preformatted(pretty(whole.captured.request))
        with card("Answered"):
            preformatted(pretty(whole.captured.response))
    with card("Features used"):
        note("As they were read for this request, each with the instant that it tells of.")
        grid(
            ("Row", "Feature", "Value", "Event time", "Age at the request"),
            [_feature(each, whole.asked.at) for each in whole.features],
            label="Features used",
            nothing="No feature was looked up for this request.",
        )


def _facts(asked: AskedRequest) -> None:
    model, version = asked.model, asked.version
    facts(
        {
            "When": lambda: when(asked.at),
            "Answered by": (lambda: link(asked.answered_by, addresses.model_version(model, version)))
            if model and version is not None
            else asked.answered_by or None,
            "Route": (lambda: badge(asked.route, Tone.QUIET)) if asked.route else None,
            "Because": asked.because,
            "Status": asked.status,
            "Took": f"{asked.milliseconds:.1f} ms" if asked.milliseconds is not None else None,
            "Rows": asked.rows,
            "Requester": (lambda: link(asked.requester, addresses.principal(asked.requester or "")))
            if asked.requester
            else None,
            "Caller's id": asked.client_request_id,
            "Configuration": asked.config_version,
            "Error" if _is_refused(asked) else "Not kept": ", ".join(asked.error_codes) or None,
        }
    )


def _is_refused(asked: AskedRequest) -> bool:
    return asked.status is not None and asked.status >= 400


def _replaying(visitor: Visitor, name: str, request_id: str) -> None:
    note("Gives the version that answered what it was given then, features included, and compares the answers.")
    with row():
        button("Replay", lambda: go(), style="bh-primary")
    place = ui.element("div").props("role=status aria-label=Replay")

    async def go() -> None:
        place.clear()
        with place:
            words("Loading the version that answered …", "p", style="bh-note")
        try:
            found = await visitor.ask(visitor.plane.serving.looking.requests.replay, name, request_id)
        except Exception as error:  # noqa: BLE001 (shown where the outcome would stand)
            place.clear()
            with place:
                problem(error)
            return
        place.clear()
        with place:
            _outcome(found)


def _outcome(found: Replay) -> Element:
    said, tone = _VERDICTS[found.verdict]
    with ui.element("div") as element:
        badge(said, tone)
        if found.reason:
            words(found.reason, "p")
        if found.differences:
            heading(f"{found.differing:,} outputs differ", 3)
            rows = [[each.output, each.then, each.now, each.apart] for each in found.differences]
            grid(("Output", "Then", "Now", "Apart"), rows, label="Differences")
        for each in found.notes:
            note(f"{each[:1].upper()}{each[1:]}.")
    return element


def _feature(read: ReadFeature, at: datetime) -> list[object]:
    event = None if read.event is None else from_epoch_ms(read.event)
    age = None if read.event is None else in_words(max(0, epoch_ms(at) - read.event))
    value = read.value if isinstance(read.value, str | None) else json.dumps(read.value)
    return [read.row, read.name, value, event, age]


def pretty(text: str | None) -> str:
    """A body as it is read best: JSON with line breaks, anything else as it is."""
    if text is None:
        return "(not kept)"
    try:
        return json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    except ValueError:
        return text
