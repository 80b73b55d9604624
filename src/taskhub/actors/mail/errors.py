"""What an error of the connection to an SMTP server means: may it pass, and what to do."""

from __future__ import annotations

import smtplib
import socket
import ssl
from typing import Final, NamedTuple

from taskhub.actors.mail.server import SmtpServer

__all__ = ("TranslatedError", "explain", "is_transient", "reply_text", "translate_error")

_LONGEST_REPLY: Final = 300

#: What TLS reports of a connection that broke; its other errors come again at every attempt.
_BROKEN_TLS: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


class TranslatedError(NamedTuple):
    """What is wrong with a server.

    Args:
        what: What is wrong, as the rest of a sentence about the server.
        remedy: What to do.
    """

    what: str
    remedy: str


def is_transient(error: BaseException) -> bool:
    """Return whether the same mail may succeed later without anybody doing anything.

    Transient: replies from 400 to 499 (RFC 5321 4.2.1), and whatever befalls a connection: refused,
    reset, closed, timed out, its host's name not found. Permanent: replies from 500 on, a refused
    login, a missing extension, a certificate that isn't trusted.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return any(code < 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        # Without a readable reply smtplib makes up -1: the server said nothing that would last.
        return error.smtp_code < 500
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return True
    if isinstance(error, smtplib.SMTPException):
        return False
    if isinstance(error, ssl.SSLError):
        return isinstance(error, _BROKEN_TLS)
    return isinstance(error, OSError)


def explain(error: BaseException, server: SmtpServer) -> str:
    """Return one line without secrets: which server, what failed, what to do."""
    translated = translate_error(error, server)
    return f"{server} {translated.what}: {translated.remedy}"


def reply_text(reply: bytes | str) -> str:
    """Return a server's words on one line, of bounded length."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    text = " ".join(text.split())
    text = "".join(character for character in text if character.isprintable())
    return text if len(text) <= _LONGEST_REPLY else f"{text[: _LONGEST_REPLY - 1]}…"


def translate_error(error: BaseException, server: SmtpServer) -> TranslatedError:
    """Return what an error of the connection means, without secrets."""
    if isinstance(error, smtplib.SMTPAuthenticationError) and not is_transient(error):
        return TranslatedError(
            f"did not accept the user {server.username!r} or the password ({_reply(error)})",
            "correct them in TASKHUB_SMTP_URL; special characters are percent-encoded",
        )
    if isinstance(error, smtplib.SMTPResponseException):
        if is_transient(error):
            return TranslatedError(f"can't take the mail now ({_reply(error)})", "try again later")
        return TranslatedError(
            f"refused the mail ({_reply(error)})", "fix what the server complains about"
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return _missing_extension(error, server)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        if isinstance(error.__context__, TimeoutError):
            return _translate_network_error(error.__context__, server)
        return TranslatedError(
            f"closed the connection ({reply_text(str(error))})",
            "try again later; if it stays so, look into its log, and check whether the port "
            "wants TLS (smtps://)",
        )
    if isinstance(error, smtplib.SMTPException):
        return TranslatedError(
            f"can't be used ({reply_text(str(error))})",
            "look into the server's log and settings",
        )
    return _translate_network_error(error, server)


def _translate_network_error(error: BaseException, server: SmtpServer) -> TranslatedError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return TranslatedError(
            f"has a certificate that was not accepted ({error.verify_message})",
            "name its authority in TASKHUB_SMTP_URL with ?ca_file=, and use the host name that "
            "the certificate has",
        )
    if isinstance(error, ssl.SSLError) and not isinstance(error, _BROKEN_TLS):
        return TranslatedError(
            f"did not agree on TLS ({(error.reason or str(error)).lower().replace('_', ' ')})",
            "use smtp://...?security=starttls if the port begins without TLS (587 does)",
        )
    if isinstance(error, TimeoutError):
        return TranslatedError(
            f"did not answer within {server.timeout:g} s",
            "check the address, the network and the firewall",
        )
    if isinstance(error, socket.gaierror):
        return TranslatedError(
            f"has an unknown host name {server.host!r}", "correct it, or check the DNS"
        )
    if isinstance(error, ConnectionRefusedError):
        return TranslatedError(
            "refused the connection", "start the server there, or correct host and port"
        )
    detail = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return TranslatedError(
        f"could not be reached ({reply_text(detail)})", "check the address and the network"
    )


def _missing_extension(error: BaseException, server: SmtpServer) -> TranslatedError:
    text = str(error)
    if "STARTTLS" in text:
        return TranslatedError(
            "does not offer STARTTLS",
            "use smtps:// if the port begins with TLS (465 does), or security=none if the "
            "connection needs no protection",
        )
    if "AUTH" in text:
        remedy = "remove user and password from TASKHUB_SMTP_URL"
        if server.security == "none":
            remedy += ", or use security=starttls: servers offer logins on secured connections only"
        return TranslatedError("does not offer to log in", remedy)
    if "SMTPUTF8" in text:
        return TranslatedError(
            "does not know SMTPUTF8",
            "use addresses that are ASCII before the @, or another server",
        )
    return TranslatedError(f"lacks an extension ({reply_text(text)})", "use another server")


def _reply(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {reply_text(error.smtp_error)}"
