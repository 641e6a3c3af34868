"""Asking an endpoint by hand: a field for each value that it takes, the answer with who gave it, and code that asks."""

import json
from collections.abc import Mapping
from typing import Any

from nicegui import ui
from nicegui.element import Element

from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.endpoints.form import Field, FieldKind, Form, first_record, form_of, record_of, typed
from boathouse.server.ui.pages.endpoints.shown import Shown
from boathouse.server.ui.parts.asking import button
from boathouse.server.ui.parts.grid import grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, columns, row
from boathouse.server.ui.parts.problems import problem
from boathouse.server.ui.parts.text import code, facts, heading, link, note, preformatted, words
from boathouse.server.ui.visitor import Visitor
from boathouse.serving.looking.questions import Answered

Fields = Mapping[str, Any]


async def query_tab(visitor: Visitor, shown: Shown) -> None:
    if not shown.may_ask:
        note(
            f"You may see {shown.name}, and not ask it. Whoever manages it can let you: boathouse endpoint permissions"
            f" {shown.name} --give {visitor.principal.name} CAN_QUERY"
        )
        return
    later(lambda: _asking(visitor, shown), "Asking what it takes …")


async def _asking(visitor: Visitor, shown: Shown) -> None:
    document = await visitor.ask(visitor.plane.serving.looking.questions.document, visitor.token, shown.name)
    form = form_of(document)
    with columns():
        with card("Ask"):
            asking = _Asking(visitor, shown, form)
            asking.build()
        with card("Answer"), ui.element("div").props("role=status aria-label=Answer") as place:
            note("It stands here, with the version that gave it.")
        asking.answer = place
    _code_card(shown, form)


class _Asking:
    """The form, and what is done with it."""

    def __init__(self, visitor: Visitor, shown: Shown, form: Form) -> None:
        self._visitor = visitor
        self._shown = shown
        self._form = form
        self._fields: dict[str, Any] = {}
        self._body: ui.textarea | None = None
        self.answer: Element | None = None

    def build(self) -> None:
        needed = [each for each in self._form.fields if each.is_required]
        others = [each for each in self._form.fields if not each.is_required]
        if self._form.fields:
            note("Values that the model's signature asks for. Features are looked up by them.")
            with ui.element("div").classes("bh-fields"):
                for each in needed:
                    self._field(each)
            if others:
                with ui.element("details"):
                    words(f"{len(others)} values that are looked up, and may be given instead", "summary")
                    with ui.element("div").classes("bh-fields"):
                        for each in others:
                            self._field(each)
            with row():
                button("Ask", self._ask_fields, style="bh-primary")
                button("Take the values of the latest request", self._take_latest)
        with ui.element("details") as as_json:
            words("Ask with JSON", "summary")
            example = json.dumps(self._form.example, indent=1)
            self._body = ui.textarea("Body", value=example).props("outlined autogrow").classes("bh-wide bh-code")
            with row():
                button("Ask with this body", self._ask_body)
        if not self._form.fields:
            as_json.props("open")

    def _field(self, field: Field) -> None:
        label = f"{field.name} ({field.hint})"
        if field.kind is FieldKind.BOOLEAN:
            choices = {"": "empty", "true": "true", "false": "false"} if field.may_be_null else ["true", "false"]
            element: Any = ui.select(choices, label=label, value=field.value or ("" if field.may_be_null else "false"))
        else:
            element = ui.input(label, value=field.value)
            if field.kind is FieldKind.INSTANT:
                element.props("type=datetime-local step=1 stack-label")
            elif field.kind in (FieldKind.NUMBER, FieldKind.INTEGER):
                element.props("inputmode=decimal")
        self._fields[field.name] = element.props("outlined dense")

    async def _take_latest(self) -> None:
        requests, name = self._visitor.plane.serving.looking.requests, self._shown.name
        latest = await self._visitor.ask(requests.latest, name, limit=20)
        for each in latest:
            if each.route == "shadow":
                continue
            whole = await self._visitor.ask(requests.one, name, each.request_id)
            record = first_record(_read(whole.captured.request))
            if record is not None:
                for field in self._form.fields:
                    self._fields[field.name].set_value(typed(record.get(field.name), field.kind))
                return
        raise InvalidInput("No request was kept whose values could be taken.", hint="Type them.")

    async def _ask_fields(self) -> None:
        given = {name: str(element.value or "") for name, element in self._fields.items()}
        record = record_of(self._form.fields, given)
        if self._body is not None:
            self._body.set_value(json.dumps({"dataframe_records": [record]}, indent=1))
        await self._ask({"dataframe_records": [record]})

    async def _ask_body(self) -> None:
        text = (self._body.value if self._body is not None else None) or ""
        try:
            body = json.loads(text)
        except ValueError as error:
            raise InvalidInput(f"This is no JSON: {error}.") from error
        await self._ask(body)

    async def _ask(self, body: object) -> None:
        assert self.answer is not None
        questions = self._visitor.plane.serving.looking.questions
        try:
            answered = await self._visitor.ask(questions.ask, self._visitor.token, self._shown.name, body)
        except BoathouseError as error:
            self.answer.clear()
            with self.answer:
                problem(error)
            return
        self.answer.clear()
        with self.answer:
            _answer(self._shown, answered)


def _answer(shown: Shown, answered: Answered) -> None:
    served_by, request_id = answered.served_by, answered.request_id
    facts(
        {
            "Answered by": (lambda: _served_by(served_by or "")) if served_by else None,
            "Fallback": answered.fallback,
            "Took": f"{answered.milliseconds:.1f} ms",
            "Request": (lambda: link(request_id, addresses.endpoint_request(shown.name, request_id or "")))
            if request_id
            else None,
        }
    )
    rows = rows_of(answered.body)
    if rows is not None:
        names, values = rows
        grid(names, values, label="Predictions")
    heading("As JSON", 3)
    preformatted(json.dumps(answered.body, indent=1, ensure_ascii=False))


def rows_of(body: Any) -> tuple[list[str], list[list[object]]] | None:
    """Predictions as rows under names; None where they are no rows."""
    found = body.get("predictions", body.get("outputs")) if isinstance(body, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(found, list) or not found:
        return None
    rows: list[Any] = found  # pyright: ignore[reportUnknownVariableType]
    if all(isinstance(each, dict) for each in rows):
        names = list(dict.fromkeys(name for each in rows for name in each))
        return names, [[_shown(each.get(name)) for name in names] for each in rows]
    if all(not isinstance(each, dict | list) for each in rows):
        return ["Prediction"], [[_shown(each)] for each in rows]
    return None


def _shown(value: Any) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _served_by(served_by: str) -> None:
    name, _, version = served_by.partition("@")
    if version.isdecimal():
        link(served_by, addresses.model_version(name, version))
    else:
        code(served_by)


def _read(text: str | None) -> Any:
    try:
        return json.loads(text or "")
    except ValueError:
        return None


def _code_card(shown: Shown, form: Form) -> None:
    url = shown.now.url or ""
    body = json.dumps(form.example)
    with card("From a program"):
        note("Put a token of yours into BOATHOUSE_TOKEN.")
        heading("curl", 3)
        preformatted(curl_of(url, body))
        heading("Python", 3)
        preformatted(python_of(url, form.example))
        with row():
            link("OpenAPI document", f"/api/2.0/serving-endpoints/{shown.name}/openapi")


def curl_of(url: str, body: str) -> str:
    quoted = body.replace("'", "'\\''")
    return (
        f'curl {url} \\\n  -H "Authorization: Bearer $BOATHOUSE_TOKEN" \\\n'
        f"  -H 'Content-Type: application/json' \\\n  -d '{quoted}'"
    )


def python_of(url: str, example: Any) -> str:
    return (
        "import os\n\nimport requests\n\n"
        f"answer = requests.post(\n    {url!r},\n"
        '    headers={"Authorization": f"Bearer {os.environ[\'BOATHOUSE_TOKEN\']}"},\n'
        f"    json={example!r},\n    timeout=30,\n)\n"
        'answer.raise_for_status()\nprint(answer.json()["predictions"], answer.headers["x-served-by"])'
    )
