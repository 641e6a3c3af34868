"""Model cards. ``/api/boathouse/v1/models/{name}/versions/{version}/card``."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import Principal
from boathouse.models.cards import as_html, as_markdown
from boathouse.models.registry import parse_model_name
from boathouse.server.authentication import Caller
from boathouse.server.routes.models import FullName
from boathouse.wiring.model_releases import ModelReleases

Which = Annotated[str, Path(description="A version's number, an alias or a stage", examples=["3", "champion"])]


class CardForm(StrEnum):
    """How a card is written."""

    HTML = "html"
    MARKDOWN = "md"


def routes(releases: ModelReleases) -> APIRouter:
    """Cards of versions."""
    router = APIRouter(prefix="/api/boathouse/v1/models", tags=["models"])

    @router.get(
        "/{name}/versions/{version}/card",
        summary="The card of a version, as one page or as Markdown",
        response_class=Response,
        responses={200: {"content": {"text/html": {}, "text/markdown": {}}}},
    )
    def card(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, version: Which, form: Annotated[CardForm, Query()] = CardForm.HTML
    ) -> Response:
        try:
            model, number = releases.governance.version(principal, name, version)
        except NotFound:
            if not version.isdecimal() or version not in _retired(releases, principal, name):
                raise
            is_page = form is CardForm.HTML
            return _answer(
                releases.retirements.card(principal, parse_model_name(name), int(version), html=is_page), form
            )
        facts = releases.cards.facts(principal, model, number)
        return _answer(as_html(facts) if form is CardForm.HTML else as_markdown(facts), form)

    return router


def _retired(releases: ModelReleases, principal: Principal, name: str) -> set[str]:
    return {str(each.version) for each in releases.retirements.retired(principal, parse_model_name(name))}


def _answer(text: str, form: CardForm) -> Response:
    if form is CardForm.MARKDOWN:
        return Response(text, media_type="text/markdown; charset=utf-8")
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    return Response(text, media_type="text/html; charset=utf-8", headers=headers)
