"""The browser's way in: a token typed once becomes a session cookie.

The cookie holds a token of its own with a short life, so that signing out, or losing the browser, does not touch the
token that was typed.
"""

from collections.abc import Callable
from html import escape
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from boathouse.foundation.errors import Unauthenticated
from boathouse.foundation.principals import Principal
from boathouse.server.authentication import SIGN_IN, Authenticate, Caller, session_cookie

SESSION_SECONDS = 12 * 3600
MAX_FORM_BYTES = 4096

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 34rem; margin: 14vh auto; padding: 0 1rem }}
h1 {{ font-size: 1.4rem }} a {{ color: LinkText }} .error {{ color: #b3261e }}
input, button {{ font: inherit; padding: .4rem .7rem; margin: .3rem 0 }} input {{ width: 100%; box-sizing: border-box }}
code {{ background: color-mix(in srgb, CanvasText 8%, Canvas); padding: .1rem .3rem }} li {{ margin: .4rem 0 }}
</style></head><body><h1>{title}</h1>{body}</body></html>"""

_FORM = """{problem}<form method="post"><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus required>
<button>Sign in</button></form>
<p>Your token stands in the file <code>token</code> of the home folder; <code>boathouse env</code> prints it.</p>"""

_LANDING = """<p>Signed in as <strong>{name}</strong>.</p><ul>
<li><a href="/mlflow/">Experiments, runs and models</a> in MLflow</li>
<li><a href="/mlflow/#/models">Registered models</a> (in MLflow's side bar: Model training)</li>
<li><a href="/docs">REST API</a></li></ul>
<form method="post" action="/ui/sign-out"><button>Sign out</button></form><script src="/ui/forward.js"></script>"""

FORWARD = """// MLflow's clients print links like http://host:port/#/experiments/1; its pages are under /mlflow/.
if (/^#\\/(experiments|models|traces|prompts)/.test(location.hash)) location.replace("/mlflow/" + location.hash);
"""

IssueSession = Callable[[Principal, int], str]
"""Makes a token for a principal that lives for some seconds."""


def routes(authenticate: Authenticate, issue_session: IssueSession, end_session: Callable[[str], None]) -> APIRouter:
    """Sign-in, sign-out and the page in between."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def to_the_page() -> Response:  # pyright: ignore[reportUnusedFunction]
        return RedirectResponse("/ui/")

    @router.get("/ui/")
    def landing(principal: Caller) -> Response:  # pyright: ignore[reportUnusedFunction]
        return _page("Boathouse", _LANDING.format(name=escape(principal.name)))

    @router.get("/ui/forward.js")
    def forward() -> Response:  # pyright: ignore[reportUnusedFunction]
        return Response(FORWARD, media_type="text/javascript")

    @router.get(SIGN_IN)
    def form() -> Response:  # pyright: ignore[reportUnusedFunction]
        return _page("Sign in to Boathouse", _FORM.format(problem=""))

    @router.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        token = await _typed_token(request)
        try:
            known = authenticate(token)
            if known.task is not None:
                raise Unauthenticated("This is the token of a task; nobody signs in with it.")
        except Unauthenticated as error:
            problem = f'<p class="error" role="alert">{escape(error.message)}</p>'
            return _page("Sign in to Boathouse", _FORM.format(problem=problem), 401)
        answer = RedirectResponse(own_page(request.query_params.get("next", "")), 303)
        answer.set_cookie(
            session_cookie(request.scope),
            issue_session(known.principal, SESSION_SECONDS),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    @router.post("/ui/sign-out")
    def sign_out(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        if session := request.cookies.get(session_cookie(request.scope)):
            end_session(session)
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(session_cookie(request.scope))
        return answer

    return router


def own_page(wanted: str) -> str:
    """Where to go after signing in: the page asked for when it is one of ours, else the landing page."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", SIGN_IN)) and wanted.isprintable()
    return wanted if is_ours and "\\" not in wanted else "/ui/"


async def _typed_token(request: Request) -> str:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return ""
    return parse_qs(body.decode(errors="replace")).get("token", [""])[0].strip()


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        _PAGE.format(title=title, body=body),
        status,
        headers={
            "Content-Security-Policy": "default-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        },
    )
