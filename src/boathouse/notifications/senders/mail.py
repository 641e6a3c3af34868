"""E-mail over SMTP. A password is never sent in the clear, except to this machine itself."""

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import InvalidInput
from boathouse.notifications.senders.sending import Letter, NotDelivered
from boathouse.notifications.wording import text, title

_TIMEOUT_SECONDS = 15
_PORTS = {"smtp": 25, "smtps": 465}
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_FOR_GOOD = 500
"""SMTP answers from here on say that it will never work."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in."""

    host: str
    port: int
    is_tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = "boathouse@localhost"

    @classmethod
    def parse(cls, url: str, sender: str = "") -> "MailServer":
        """Read ``smtp://user:password@host:port`` (TLS when the server offers it) or ``smtps://...`` (TLS always).

        Raises:
            InvalidInput: It is neither.
        """
        parts = urlsplit(url)
        try:
            port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            port = 0
        if parts.scheme not in _PORTS or not parts.hostname or not port:
            raise InvalidInput(
                "BOATHOUSE_SMTP_URL is no address of a mail server.", hint="Write smtp://user:password@host:587."
            )
        return cls(
            host=parts.hostname,
            port=port,
            is_tls=parts.scheme == "smtps",
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            sender=sender or cls.sender,
        )


def send(server: MailServer | None, addresses: Sequence[str], letter: Letter) -> None:
    """Hand in a mail; its Message-ID is the same at every attempt.

    Raises:
        NotDelivered: The server does not answer, or does not take it.
    """
    if server is None:
        raise NotDelivered("No mail server is configured: set BOATHOUSE_SMTP_URL.", for_good=True)
    mail = EmailMessage()
    mail["Subject"] = title(letter.payload)
    mail["From"] = server.sender
    mail["To"] = ", ".join(addresses)
    mail["Date"] = format_datetime(from_epoch_ms(letter.created_at))
    mail["Message-ID"] = f"<{letter.delivery_id}@boathouse>"
    mail.set_content(text(letter.payload, letter.url))
    try:
        with _connected(server) as connection:
            connection.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        codes = {address: code for address, (code, _) in error.recipients.items()}
        raise NotDelivered(f"The mail server refused {codes}.", for_good=min(codes.values()) >= _FOR_GOOD) from error
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        raise NotDelivered(f"The mail server answered {error.smtp_code}: {said}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(f"The mail server does not answer: {type(error).__name__}: {error}") from error


def _connected(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.is_tls:
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.ehlo()
        is_safe = server.is_tls or server.host in _THIS_MACHINE
        if not server.is_tls and connection.has_extn("starttls"):
            connection.starttls(context=context)
            connection.ehlo()
            is_safe = True
        if server.user:
            if not is_safe:
                raise NotDelivered(f"{server.host} offers no TLS, and the password is not sent without.", for_good=True)
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection
