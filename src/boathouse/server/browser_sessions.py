"""What all ways of signing in end with: a cookie that stands for a token of its own with a short life."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import Response

from boathouse.foundation.errors import BoathouseError, Denied, InvalidInput, Unauthenticated
from boathouse.foundation.principals import Principal
from boathouse.server.attempts import Attempts
from boathouse.server.authentication import SIGN_IN, session_cookie

SESSION_SECONDS = 12 * 3600
MAX_FORM_BYTES = 4096

IssueSession = Callable[[Principal, int], str]
"""Makes a token for a principal that lives for some seconds."""

TellRefusal = Callable[[Unauthenticated], None]
"""Writes down that somebody was not let in."""


@dataclass(frozen=True, slots=True)
class TooManyAttempts(Exception):
    """The address has failed too often."""

    seconds: int

    def __str__(self) -> str:
        minutes, seconds = divmod(self.seconds, 60)
        wait = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
        return f"Too many failed attempts came from your address. Try again in {wait}."


class Doorkeeper:
    """Lets somebody in who has shown who they are; counts those who could not, and tells of them."""

    def __init__(
        self, issue_session: IssueSession, tell_refusal: TellRefusal, attempts: Attempts | None = None
    ) -> None:
        self._issue_session = issue_session
        self._tell_refusal = tell_refusal
        self._attempts = attempts or Attempts()

    def admit(self, request: Request, answer: Response, principal: Principal) -> Response:
        """Put a session into the answer."""
        answer.set_cookie(
            session_cookie(request.scope),
            self._issue_session(principal, SESSION_SECONDS),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    def require_patience(self, request: Request) -> None:
        """Go on only if the address has not failed too often.

        Raises:
            TooManyAttempts: It has; how long it must wait.
        """
        if seconds := self._attempts.seconds_to_wait(_address(request)):
            raise TooManyAttempts(seconds)

    def refuse(self, request: Request, error: BoathouseError) -> None:
        """Count and tell of an attempt that was refused because nobody knows who came; other errors are no attempts.
        Who has to wait is not told of, so that nobody fills the audit log."""
        if isinstance(error, Unauthenticated):
            self._attempts.failed(_address(request))
            self._tell_refusal(error)


def own_page(wanted: str) -> str:
    """Where to go after signing in: the page asked for when it is one of ours, else the landing page."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", SIGN_IN)) and wanted.isprintable()
    return wanted if is_ours and "\\" not in wanted else "/ui/"


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a small form that a page of ours has sent.

    Raises:
        Denied: Another site has sent it, to sign somebody in as somebody else.
        InvalidInput: It is too large.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Denied("A page of another site sent this form; it is refused.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise InvalidInput("This form is too large.")
    return {name: values[0].strip() for name, values in parse_qs(body.decode(errors="replace")).items()}


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
