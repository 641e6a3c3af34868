"""Services that the Apprise library knows."""

from collections.abc import Mapping
from typing import Any

from boathouse.notifications.senders.sending import Letter, NotDelivered
from boathouse.notifications.wording import text, title


def send(details: Mapping[str, Any], letter: Letter) -> None:
    from apprise import Apprise

    service = Apprise()
    if not service.add(details["url"]):
        raise NotDelivered("Apprise does not know this url any more.", for_good=True)
    if not service.notify(title=title(letter.payload), body=text(letter.payload, letter.url)):
        raise NotDelivered("Apprise could not deliver it; the control plane's log says why.")
