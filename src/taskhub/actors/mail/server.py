"""The SMTP server, as one URL says where it is and how to speak to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NoReturn, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from taskhub.actors.secret_mask import mask_secret

__all__ = ("Security", "SmtpServer", "parse_smtp_url")

Security = Literal["none", "starttls", "tls"]

DEFAULT_PORT: Final[Mapping[str, int]] = {"none": 25, "starttls": 587, "tls": 465}
_EXAMPLE: Final = "write for example smtp://<user>:<password>@mail.example.com:587"
_OPTIONS: Final = frozenset({"ca_file", "local_hostname", "security", "timeout"})


@dataclass(frozen=True)
class SmtpServer:
    """An SMTP server, and how to speak to it.

    Args:
        host: Its name or address.
        port: Its port.
        username: Whom to log in as; None: without.
        password: Never shown by `repr`.
        security: `none`; `starttls`: plain first, and no mail if the server doesn't offer TLS;
            `tls`: from the first byte.
        timeout: Seconds that connecting, and each answer of the server, may take.
        ca_file: PEM file with the authorities to trust instead of the system's.
        local_hostname: What we call ourselves to the server; None: the host's name.
    """

    host: str
    port: int = 25
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    security: Security = "none"
    timeout: float = 30.0
    ca_file: Path | None = None
    local_hostname: str | None = None

    def __str__(self) -> str:
        """Return the server for people: without credentials."""
        scheme = "smtps" if self.security == "tls" else "smtp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


def parse_smtp_url(url: str) -> SmtpServer:
    """Read the address of an SMTP server.

    `smtp://user:password@host:587?security=starttls` or `smtps://host`. Options: `security`
    (`none`, `starttls`, `tls`), `timeout` (seconds), `ca_file`, `local_hostname`. What
    is special in a user name or password is percent-encoded. Without `security`, a connection
    with credentials or to port 587 is secured by STARTTLS: a password goes over a plain connection
    only where `security=none` is written. The default port is 25, 587 (STARTTLS) or 465 (TLS).

    Raises:
        ValueError: It is not such an address; one line without secrets says what to write.
    """
    return _Reader(url).read()


class _Reader:
    """Reads one URL; shows it without its password when something is wrong."""

    def __init__(self, url: str) -> None:
        self._url = url.strip()

    def read(self) -> SmtpServer:
        try:
            parts = urlsplit(self._url)
            port = parts.port
            unquote(parts.hostname or "").encode("idna")
        except ValueError:
            self._refuse(
                "has no readable host or port",
                "percent-encode what is special in the password (@ is %40, / is %2F, # is %23)",
            )
        if parts.scheme not in ("smtp", "smtps"):
            self._refuse("is not the address of an SMTP server", _EXAMPLE)
        if not parts.hostname:
            self._refuse("names no host", _EXAMPLE)
        if parts.path not in ("", "/") or parts.fragment:
            self._refuse(
                "has something after the host",
                "options come after a '?', and a '/' or '#' in the password is written %2F, %23",
            )
        username = unquote(parts.username or "") or None
        password = unquote(parts.password or "") or None
        if (username is None) != (password is None):
            self._refuse(
                "has a user or a password alone", "write both: smtp://<user>:<password>@host"
            )
        if not f"{username}{password}".isascii():
            self._refuse("has a user or password that is not ASCII", "SMTP logins must be ASCII")
        options = self._options(parts)
        security = self._security(parts.scheme, options, port, username)
        ca_file = options.get("ca_file")
        if ca_file and not Path(ca_file).is_file():
            self._refuse(f"names the ca_file {ca_file}, which is not there", "correct the path")
        return SmtpServer(
            host=unquote(parts.hostname),
            port=DEFAULT_PORT[security] if port is None else port,
            username=username,
            password=password,
            security=security,
            timeout=self._timeout(options.get("timeout")),
            ca_file=Path(ca_file) if ca_file else None,
            local_hostname=options.get("local_hostname"),
        )

    def _options(self, parts: SplitResult) -> dict[str, str]:
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        for name in options:
            if name not in _OPTIONS:
                self._refuse(
                    f"has the unknown option {name!r}", f"known are {', '.join(sorted(_OPTIONS))}"
                )
        return options

    def _security(
        self, scheme: str, options: Mapping[str, str], port: int | None, username: str | None
    ) -> Security:
        chosen = options.get("security", "").lower()
        if chosen and chosen not in DEFAULT_PORT:
            self._refuse(f"has security={chosen}", "write none, starttls or tls")
        if scheme == "smtps":
            if chosen not in ("", "tls"):
                self._refuse(f"asks for TLS and for security={chosen}", "use smtp:// for that")
            return "tls"
        if chosen:
            return cast("Security", chosen)
        if port == DEFAULT_PORT["tls"]:
            return "tls"
        return "starttls" if username or port == DEFAULT_PORT["starttls"] else "none"

    def _timeout(self, text: str | None) -> float:
        if text is None:
            return SmtpServer.timeout
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= 1_000_000:
            self._refuse(f"has timeout={text}", "write seconds, for example timeout=30")
        return seconds

    def _refuse(self, what: str, remedy: str) -> NoReturn:
        raise ValueError(f"{mask_secret(self._url)} {what}: {remedy}")
