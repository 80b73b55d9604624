"""Where e-mail goes, and in whose name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, NoReturn, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from taskhub.config.urls import mask_url
from taskhub.mail.address import Address, parse_address
from taskhub.mail.exceptions import InvalidMailError, MailConfigurationError

__all__ = ("MailSettings", "Security", "parse_smtp_url")

Security = Literal["none", "starttls", "tls"]

DEFAULT_PORT: Final[Mapping[str, int]] = {"none": 25, "starttls": 587, "tls": 465}
_EXAMPLE: Final = "write for example smtp://user:password@mail.example.com:587"
_NOBODY: Final = Address("taskhub@localhost")
_OPTIONS: Final = frozenset({"ca_file", "local_hostname", "security", "timeout"})
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*")


@dataclass(frozen=True)
class MailSettings:
    """Where e-mail goes, and in whose name.

    Parameters:
        host: The SMTP server; None: there is none, and mail is written to ``outbox``.
        port: Its port.
        username: Whom to log in as; None: without.
        password: Never shown by ``repr``.
        security: ``none``; ``starttls``: plain first, and no mail if the server doesn't offer TLS;
            ``tls``: from the first byte.
        timeout: Seconds that connecting, and each answer of the server, may take.
        ca_file: PEM file with the authorities to trust instead of the system's.
        local_hostname: What we call ourselves to the server; None: the host's name.
        sender: The ``From`` address and the return path.
        outbox: Directory for ``.eml`` files, used when there is no server.
        language: Of templates, if the call doesn't say: ``zh`` or ``en``.
        templates: Directory with templates that take precedence over the shipped ones.
        address_template: Makes an address from ``{username}`` and ``{user_id}``.
        address_book: ``package.module:function``, called with a user's id for the address.
        remember_days: How long it is remembered that a mail was sent.
    """

    host: str | None = None
    port: int = 25
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    security: Security = "none"
    timeout: float = 30.0
    ca_file: Path | None = None
    local_hostname: str | None = None
    sender: Address = _NOBODY
    outbox: Path = Path(".taskhub/outbox")
    language: str = "zh"
    templates: Path | None = None
    address_template: str | None = None
    address_book: str | None = None
    remember_days: float = 7.0

    @property
    def server(self) -> str:
        """The server for people: without credentials."""
        scheme = "smtps" if self.security == "tls" else "smtp"
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], *, home: Path | None = None
    ) -> MailSettings:
        """Read the settings from environment variables.

        ``TASKHUB_SMTP_URL`` (see :func:`parse_smtp_url`), ``TASKHUB_MAIL_FROM``,
        ``TASKHUB_MAIL_OUTBOX``, ``TASKHUB_MAIL_LANGUAGE``, ``TASKHUB_MAIL_TEMPLATES``,
        ``TASKHUB_MAIL_ADDRESS_TEMPLATE``, ``TASKHUB_MAIL_ADDRESS_BOOK``,
        ``TASKHUB_MAIL_REMEMBER_DAYS``. An empty variable counts as not set.

        Parameters:
            environment: The variables, as ``os.environ``.
            home: The project's directory for what taskhub keeps; the outbox is in it. None:
                ``TASKHUB_HOME`` or ``.taskhub``.

        Raises:
            MailConfigurationError: A value is wrong; one line names the variable, masks secrets
                and says what to write.
        """
        given = {name: value.strip() for name, value in environment.items() if value.strip()}
        url = given.get("TASKHUB_SMTP_URL")
        settings = parse_smtp_url(url) if url else cls()
        home = home or Path(given.get("TASKHUB_HOME", ".taskhub")).expanduser()
        return replace(
            settings,
            sender=_sender(settings, given.get("TASKHUB_MAIL_FROM")),
            outbox=_path(given, "TASKHUB_MAIL_OUTBOX") or home / "outbox",
            language=_language(given.get("TASKHUB_MAIL_LANGUAGE", settings.language)),
            templates=_template_directory(_path(given, "TASKHUB_MAIL_TEMPLATES")),
            address_template=given.get("TASKHUB_MAIL_ADDRESS_TEMPLATE"),
            address_book=given.get("TASKHUB_MAIL_ADDRESS_BOOK"),
            remember_days=_days(given.get("TASKHUB_MAIL_REMEMBER_DAYS", "7")),
        )


def parse_smtp_url(url: str, *, setting: str = "TASKHUB_SMTP_URL") -> MailSettings:
    """Read the address of an SMTP server.

    ``smtp://user:password@host:587?security=starttls`` or ``smtps://host``. Options: ``security``
    (``none``, ``starttls``, ``tls``), ``timeout`` (seconds), ``ca_file``, ``local_hostname``. What
    is special in a user name or password is percent-encoded. Without ``security``, a connection
    with credentials or to port 587 is secured by STARTTLS: a password goes over a plain connection
    only where ``security=none`` is written. The default port is 25, 587 (STARTTLS) or 465 (TLS).

    Parameters:
        url: The text.
        setting: The name of the setting it comes from, for the error.

    Raises:
        MailConfigurationError: It is not such an address.
    """
    return _Reader(url, setting).read()


class _Reader:
    """Reads one URL; knows what to call it when something is wrong."""

    def __init__(self, url: str, setting: str) -> None:
        self._url = url.strip()
        self._setting = setting

    def read(self) -> MailSettings:
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
            self._refuse("has a user or a password alone", "write both: smtp://user:password@host")
        if not f"{username}{password}".isascii():
            self._refuse("has a user or password that is not ASCII", "SMTP logins must be ASCII")
        options = self._options(parts)
        security = self._security(parts.scheme, options, port, username)
        ca_file = options.get("ca_file")
        if ca_file and not Path(ca_file).is_file():
            self._refuse(f"names the ca_file {ca_file}, which is not there", "correct the path")
        return MailSettings(
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
            return MailSettings.timeout
        seconds = _positive(text)
        if seconds is None:
            self._refuse(f"has timeout={text}", "write seconds, for example timeout=30")
        return seconds

    def _refuse(self, what: str, mend: str) -> NoReturn:
        raise MailConfigurationError(f"{self._setting}: {_masked(self._url)} {what}: {mend}")


def _masked(url: str) -> str:
    masked = mask_url(url)
    # Without a scheme, or with a '#' or space in it, a password can't be told from the rest.
    return masked if "://" in masked else masked.rpartition("@")[2]


def _sender(settings: MailSettings, text: str | None) -> Address:
    name = "TASKHUB_MAIL_FROM"
    if text is not None:
        return _address(text, name)
    if settings.host is None:
        return settings.sender
    if settings.username and "@" in settings.username:
        return _address(settings.username, name)
    raise MailConfigurationError(
        f"{name} is not set: write the address that mail comes from, "
        "for example TASKHUB_MAIL_FROM='Example <no-reply@example.com>'"
    )


def _address(text: str, name: str) -> Address:
    try:
        return parse_address(text, name)
    except InvalidMailError as error:
        raise MailConfigurationError(str(error)) from None


def _path(given: Mapping[str, str], name: str) -> Path | None:
    return Path(given[name]).expanduser() if name in given else None


def _template_directory(path: Path | None) -> Path | None:
    if path is not None and not path.is_dir():
        raise MailConfigurationError(
            f"TASKHUB_MAIL_TEMPLATES: {path} is not a directory: correct the path, or unset it"
        )
    return path


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise MailConfigurationError(
            f"TASKHUB_MAIL_LANGUAGE: {text!r} is not a language: write zh or en"
        )
    return text


def _days(text: str) -> float:
    days = _positive(text)
    if days is None:
        raise MailConfigurationError(
            f"TASKHUB_MAIL_REMEMBER_DAYS: {text!r} is not a number of days: write for example 7"
        )
    return days


def _positive(text: str) -> float | None:
    """Return a number above 0 (and of a size that clocks can take), or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number <= 1_000_000 else None
