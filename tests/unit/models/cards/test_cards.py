"""A card says what is known, says what is not, and lets no text of anybody act in a reader's browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from boathouse.models.approval.nouns import Approval, Say
from boathouse.models.cards import CardFacts, as_html, as_markdown
from boathouse.models.cards.markdown import escaped
from boathouse.models.evidence.nouns import Evidence, Slice
from boathouse.models.nouns import ModelVersion

MakeFacts = Callable[..., CardFacts]
MakeRow = Callable[..., Evidence]

HOSTILE = (
    '\x00\u822a\u7a7a<script>alert(1)</script><img src=x onerror="alert(2)">"\'`*_[a](javascript:alert(3))|\n# heading'
)


class Page(HTMLParser):
    """The tags of a page, their attributes and the words between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_card_with_all_facts_shows_them(full_facts: MakeFacts) -> None:
    page = " ".join(Page(as_html(full_facts())).words)

    for told in (
        "Gate agents rebook passengers",
        "prod.flights.training",
        "weather-team",
        "carrier = YV",
        "looked at the slices",
        "no attribute is kept",
        "num_leaves",
        "package-3==1.3",
        "4f2a9c0",
        "departure_delay",
        "dev.flights.delay@9",
        "41.0%",
        "boathouse model rollback prod.flights.delay",
        "2 things beside these are not shown to you",
    ):
        assert told in page


def test_a_card_without_any_facts_says_that_they_are_missing(bare_facts: MakeFacts) -> None:
    page = Page(as_html(bare_facts()))

    words = " ".join(page.words)
    assert "No requirements are deployed for it." in words
    assert "It has not been through any gate." in words
    assert "No run is known behind it." in words
    assert "there is nothing to go back to" in words
    assert page.open == []


def test_the_same_facts_make_the_same_page(full_facts: MakeFacts) -> None:
    assert as_html(full_facts()) == as_html(full_facts())


def test_a_page_needs_nothing_from_outside_and_runs_nothing(full_facts: MakeFacts) -> None:
    page = Page(as_html(full_facts()))

    assert "script" not in page.tags
    assert {value for name, value in page.attributes if name in ("src", "href", "xlink:href")} <= {
        value for _, value in page.attributes if value and value.startswith("#")
    }


def test_no_text_of_anybody_becomes_a_tag(full_facts: MakeFacts, row: MakeRow) -> None:
    facts = full_facts(
        free_text=HOSTILE,
        author=HOSTILE,
        version=ModelVersion(HOSTILE, 3, HOSTILE, None, HOSTILE, (HOSTILE,), {}, 0),
        evidence=[row(HOSTILE, HOSTILE, 0.5, (0.4, 0.6), slice_=Slice(HOSTILE, HOSTILE), baseline=HOSTILE)],
        approvals=[Approval(1, HOSTILE, 3, Say.APPROVED, HOSTILE, HOSTILE, 0)],
        missing={HOSTILE: HOSTILE},
    )

    for text in (as_html(facts), MarkdownIt("commonmark", {"html": True}).render(as_markdown(facts))):
        page = Page(text)
        assert not {"script", "img"} & set(page.tags)
        assert not any(name.startswith("on") for name, _ in page.attributes)
        assert not any((value or "").startswith("javascript") for name, value in page.attributes if name == "href")
        assert page.open == []


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60))
def test_escaped_markdown_reads_as_it_was_written(text: str) -> None:
    html = MarkdownIt("commonmark").render(f"x {escaped(text)} x")

    assert re.sub(r"\s+", " ", "".join(Page(html).words)).strip() == " ".join(f"x {' '.join(text.split())} x".split())


@pytest.mark.parametrize("said", list(Say))
def test_whatever_people_say_has_a_word(said: Say, full_facts: MakeFacts) -> None:
    approval = Approval(1, "prod.flights.delay", 3, said, "grace", None, 0, gate="fairness")

    assert "grace" in as_markdown(full_facts(approvals=[approval]))


def test_numbers_that_are_none_are_shown_as_such(full_facts: MakeFacts, row: MakeRow) -> None:
    odd = [row("metric", "auc", value, None) for value in (float("nan"), float("inf"), -0.0, 1e-9, 1e12)]

    page = as_markdown(replace(full_facts(), evidence=odd))

    assert "1.000e\\-09" in page or "1.000e-09" in page
    assert "1,000,000,000,000" in page
