"""Who looks at a page, and how a page asks the rooms for something."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

from anyio import to_thread
from starlette.requests import Request

from boathouse.foundation.context import RequestContext, current_request, in_request
from boathouse.foundation.errors import Denied
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.server.authentication import token_of
from boathouse.wiring.control_plane import ControlPlane

Wanted = ParamSpec("Wanted")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in person in front of one page.

    A page lives on after it was sent: its buttons and timers reach us through a socket. So each question shows the
    session's token once more, and a session that has ended asks nothing.
    """

    plane: ControlPlane
    principal: Principal
    token: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    """What stands behind the question mark of the page's address."""
    came_with: RequestContext = field(default_factory=RequestContext)
    theme: str = "auto"
    """``auto``, ``light`` or ``dark``."""
    path: str = "/ui/"
    """The page's address, without its query."""

    async def ask(
        self, verb: Callable[Concatenate[Principal, Wanted], Answer], *args: Wanted.args, **kwargs: Wanted.kwargs
    ) -> Answer:
        """What a verb answers this principal. Verbs are synchronous; they run in a thread, as they do for REST.

        Raises:
            Unauthenticated: The session has ended.
            BoathouseError: What the verb raises.
        """

        def work() -> Answer:
            principal = self.plane.catalog.identities.authenticate(self.token).principal
            context = RequestContext(new_id(), self.came_with.source_ip, self.came_with.user_agent)
            with in_request(context):
                return verb(principal, *args, **kwargs)

        return await to_thread.run_sync(work)

    async def require_session(self) -> None:
        """Go on only while the session lives.

        Raises:
            Unauthenticated: It was revoked, or is over.
        """
        await to_thread.run_sync(self.plane.catalog.identities.authenticate, self.token)

    async def may(
        self, verb: Callable[Concatenate[Principal, Wanted], object], *args: Wanted.args, **kwargs: Wanted.kwargs
    ) -> bool:
        """Whether a verb lets this principal pass: one that judges, or one that reads."""
        try:
            await self.ask(verb, *args, **kwargs)
        except Denied:
            return False
        return True


def visitor_of(plane: ControlPlane, request: Request) -> Visitor:
    """Whoever asked for a page."""
    theme = request.cookies.get("boathouse_theme", "auto")
    return Visitor(
        plane=plane,
        principal=request.state.principal,
        token=token_of(request.scope),
        query=dict(request.query_params),
        came_with=current_request(),
        theme=theme if theme in ("light", "dark") else "auto",
        path=request.url.path,
    )
