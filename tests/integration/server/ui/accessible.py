"""What axe-core finds wrong with a page for people who use it without a mouse or without seeing it."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_STILL = "*, *::before, *::after { transition: none !important; animation: none !important }"
_ADOPT = "text => { const made = new CSSStyleSheet(); made.replaceSync(text); document.adoptedStyleSheets.push(made) }"
"""The policy of a page may forbid inline styles."""


def complaints(page: Page) -> list[str]:
    """Each violation of WCAG 2.1 A and AA, with the elements it is about; nothing fades in or out meanwhile."""
    page.evaluate(_ADOPT, _STILL)
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response["violations"]
    return [f"{v['id']}: {[node['html'][:160] for node in v['nodes']][:3]}" for v in found]
