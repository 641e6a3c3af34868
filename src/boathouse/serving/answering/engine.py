"""All endpoints of one snapshot, found by name: who asks, may they, of whom."""

from collections.abc import Mapping

from boathouse.foundation.errors import NotFound, did_you_mean
from boathouse.serving.answering.answering import Answering
from boathouse.serving.answering.authenticating import Doorkeeper, may_ask, require_caller
from boathouse.serving.answering.refusals import TooLarge
from boathouse.serving.snapshot.nouns import KnownToken


class Engine:
    """What answers until the next snapshot. Swapped whole by one assignment."""

    def __init__(self, generation: int, doorkeeper: Doorkeeper, endpoints: Mapping[str, Answering]) -> None:
        self.generation = generation
        self.doorkeeper = doorkeeper
        self.endpoints = endpoints
        self._only = next(iter(endpoints.values())) if len(endpoints) == 1 else None

    def endpoint(self, name: str | None, token: KnownToken) -> Answering:
        """The endpoint of this name; without a name the only one there is.

        Raises:
            NotFound: There is none, or there are several.
        """
        found = self._only if name is None else self.endpoints.get(name)
        if found is None:
            known = [each for each, answering in self.endpoints.items() if may_ask(token, answering.endpoint)]
            if name is None:
                raise NotFound(
                    f"There are {len(self.endpoints)} endpoints, so the path has to name one.",
                    hint="POST to /serving-endpoints/NAME/invocations.",
                )
            raise NotFound(f"There is no endpoint {name!r}.", hint=did_you_mean(name, known))
        return found

    def admit(self, answering: Answering, token: KnownToken, body_bytes: int) -> None:
        """Let a request in, before its body is read.

        Raises:
            Denied, NotReady, TooMany, TooLarge: Or not.
        """
        if not token.is_admin:
            require_caller(token, answering.endpoint)
        answering.require_ready()
        if answering.rates is not None:
            answering.rates.take(token.principal)
        if body_bytes > answering.body_bytes:
            raise too_large(answering, body_bytes)


def too_large(answering: Answering, body_bytes: int) -> TooLarge:
    return TooLarge(
        f"The body has {body_bytes:,} bytes; endpoint {answering.endpoint.name} takes {answering.body_bytes:,}.",
        hint="Send several requests, or raise limits.body_bytes of the endpoint.",
    )
