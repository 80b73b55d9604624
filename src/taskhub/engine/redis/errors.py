"""Why a store can't be used, in one line for people."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Final

from taskhub.config.urls import StoreURL, mask_url

__all__ = ("Problem", "explain")

_LONGEST_DETAIL: Final = 200


class Problem(Exception):
    """Something is wrong with a server that answered.

    Args:
        what: What is wrong, as the rest of a sentence about the server.
        remedy: What to do.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy


def explain(
    error: Exception, url: StoreURL, *, address: tuple[str, int] | None, timeout: float
) -> str:
    """Return one line: which store, what failed, what to do. Holds no secrets.

    Args:
        error: What the attempt to connect raised.
        url: The store.
        address: The server that was tried, which for ``sentinel`` is not in ``url``.
        timeout: Seconds after which the attempt was given up.
    """
    shown = url.masked()
    if url.scheme == "sentinel" and address is not None:
        shown = f"{shown} (master {address[0]}:{address[1]})"
    problem = _problem(error, url, address, timeout)
    return f"{shown} {problem.what}: {problem.remedy}"


def _problem(
    error: Exception, url: StoreURL, address: tuple[str, int] | None, timeout: float
) -> Problem:
    import redis.exceptions as errors

    if isinstance(error, Problem):
        return error
    cause = _cause(error)
    # Authentication first: redis-py counts it among the errors of the connection.
    if isinstance(error, errors.AuthenticationError) or "WRONGPASS" in str(error):
        return _authentication_problem(str(error), url)
    if isinstance(error, errors.TimeoutError | TimeoutError) or isinstance(cause, TimeoutError):
        remedy = "check the address, the network and the firewall"
        if url.scheme == "rediss":
            # A plain server waits for the rest of what it takes for a command.
            remedy += "; if its port is a plain one, use redis://"
        return Problem(f"did not answer within {timeout:g} s", remedy)
    if isinstance(cause, ssl.SSLError):
        return _encryption_problem(cause)
    if isinstance(cause, OSError):
        return _network_problem(cause, url, address)
    return _refusal(error, url)


def _cause(error: BaseException) -> BaseException | None:
    """Return the operating system's error that redis-py turned into its own."""
    found: BaseException | None = error
    while found is not None and (not isinstance(found, OSError) or found.errno is None):
        found = found.__cause__ or found.__context__
    return found


def _authentication_problem(text: str, url: StoreURL) -> Problem:
    if "without any password" in text:
        return Problem(
            "was given a password, but the server has none set",
            "remove it from the URL, or set one on the server (requirepass, or an ACL user)",
        )
    if "NOAUTH" in text or "Authentication required" in text:
        return Problem(
            "wants a password",
            "write it in the URL of TASKHUB_BROKER_URL, broker_url or result_backend, as in "
            "redis://:<password>@host",
        )
    if url.username and not url.password:
        return Problem(
            "did not accept the user without a password",
            "a password without a user has a colon before it, as in redis://:<password>@host",
        )
    return Problem(
        "did not accept the user or password",
        "correct them; special characters are percent-encoded (@ is %40, / is %2F)",
    )


def _encryption_problem(cause: ssl.SSLError) -> Problem:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Problem(
            f"has a certificate that was not accepted ({cause.verify_message})",
            "name its authority in ssl_ca_certs=, and use the host name of the certificate",
        )
    reason = (cause.reason or str(cause)).lower().replace("_", " ")
    return Problem(
        f"did not agree on TLS ({reason})",
        "use redis:// if the port is a plain one, and give ssl_certfile= and ssl_keyfile= "
        "if the server asks for a client's certificate",
    )


def _network_problem(cause: OSError, url: StoreURL, address: tuple[str, int] | None) -> Problem:
    if isinstance(cause, socket.gaierror):
        host = address[0] if address else ""
        return Problem(f"has an unknown host name {host!r}", "correct it, or check the DNS")
    if isinstance(cause, FileNotFoundError):
        return Problem(f"has no socket at {url.path}", "start the server, or correct the path")
    if isinstance(cause, PermissionError):
        return Problem(
            f"may not be opened by this user ({url.path or 'by the network policy'})",
            "check the permissions",
        )
    if cause.errno == errno.ECONNREFUSED:
        return Problem("refused the connection", "start the server there, or correct the address")
    return Problem(
        f"could not be reached ({cause.strerror or cause})", "check the address and the network"
    )


def _refusal(error: Exception, url: StoreURL) -> Problem:
    text = str(error)
    lowered = text.lower()
    if "db index" in lowered or "invalid database" in lowered:
        return Problem(
            f"has no database {url.db}",
            "use a lower number, or raise `databases` in the server's configuration",
        )
    if "max number of clients" in lowered:
        return Problem("has no connection to spare", "raise its maxclients, or run fewer processes")
    if "connection closed" in lowered:
        remedy = "look into its log"
        if url.scheme == "redis":
            remedy += "; if its port is a TLS one, use rediss://"
        if url.scheme == "rediss":
            # In TLS 1.3 a client learns only after the handshake that it was refused.
            remedy += "; if it asks for a client's certificate, give ssl_certfile= and ssl_keyfile="
        return Problem("closed the connection", remedy)
    detail = " ".join(mask_url(text).split())[:_LONGEST_DETAIL]
    return Problem(f"can't be used ({detail})", "look into the server's log")
