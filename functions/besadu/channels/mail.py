"""E-mail to posts, over the office's own SMTP server. Nobody writes to us by e-mail.

Source: RFC 5321 (replies: 4xx try again, 5xx do not), RFC 8314 (port 465 speaks TLS at once), RFC 3207 (STARTTLS).
"""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from besadu import clock
from besadu.config import Settings, secrets_of
from besadu.domain.message import Outcome, Outgoing, SendResult

TIMEOUT: Final = 15.0  # seconds, each step of the talk
IMPLICIT_TLS: Final = 465
DEFAULT_PORT: Final = 587
MAX_TEXT: Final = 60_000
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>@]+")


def split(text: str) -> list[str]:
    """``text`` as it is: a letter has room."""
    return [text]


def send(message: Outgoing, *, settings: Settings) -> SendResult:
    """One attempt to send. The Message-ID is made of the outbox id, so that a second attempt is seen to be the same.

    TLS is required, with a certificate that is verified; only a server on this very machine is talked to without.
    """
    if not settings.smtp_host or not settings.smtp_from:
        return SendResult(outcome="unauthorised", error_code="no_smtp", error_text="SMTP_HOST or SMTP_FROM not set")
    if not _ADDRESS.fullmatch(message.address.user_id) or not message.text:
        return SendResult(outcome="bug", error_code="no_address" if message.text else "empty_text")
    letter = _letter(message, settings.smtp_from)
    handed_over = False
    try:
        with _connection(settings) as server:
            handed_over = True
            server.send_message(letter)
    except (smtplib.SMTPException, OSError) as fault:
        return _result(fault, handed_over=handed_over)
    return SendResult(outcome="sent", provider_id=str(letter["Message-ID"]))


@contextmanager
def _connection(settings: Settings) -> Iterator[smtplib.SMTP]:
    """A server that we have talked TLS with, and signed in to where it wants that."""
    host, port = settings.smtp_host, int(settings.smtp_port or DEFAULT_PORT)
    context = ssl.create_default_context()
    server = (
        smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
        if port == IMPLICIT_TLS
        else smtplib.SMTP(host, port, timeout=TIMEOUT)
    )
    try:
        server.ehlo_or_helo_if_needed()
        if port != IMPLICIT_TLS and host not in _HERE:
            server.starttls(context=context)
        if settings.smtp_user:
            password = next(iter(secrets_of(settings.smtp_password)), b"").decode()
            server.login(settings.smtp_user, password)
        yield server
    finally:
        server.close()


def _letter(message: Outgoing, sender: str) -> EmailMessage:
    letter = EmailMessage(policy=SMTP)
    letter["From"] = sender
    letter["To"] = message.address.user_id
    letter["Subject"] = " ".join(message.subject.split())
    letter["Date"] = format_datetime(clock.now())
    letter["Message-ID"] = f"<{message.outbox_id}@{sender.rpartition('@')[2].strip('> ')}>"
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice is to come back
    letter.set_content(message.text[:MAX_TEXT])
    return letter


def _result(fault: Exception, *, handed_over: bool) -> SendResult:
    """What became of the attempt. Without the server's words: they quote the address."""
    match fault:
        case smtplib.SMTPAuthenticationError():
            return SendResult(outcome="unauthorised", error_code=f"smtp_{fault.smtp_code}")
        case smtplib.SMTPRecipientsRefused():
            code, _ = next(iter(fault.recipients.values()))
        case smtplib.SMTPResponseException():
            code = fault.smtp_code
        case smtplib.SMTPNotSupportedError() | ssl.SSLError():
            return SendResult(outcome="unauthorised", error_code="tls", error_text=type(fault).__name__)
        case _:
            outcome: Outcome = "ambiguous" if handed_over else "retry"
            return SendResult(outcome=outcome, error_code="no_answer", error_text=type(fault).__name__)
    return SendResult(outcome="permanent" if code >= 500 else "retry", error_code=f"smtp_{code}")
