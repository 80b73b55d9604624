"""Where market data comes from and is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from taskhub.config.urls import mask_url
from taskhub.quant.exceptions import QuantConfigurationError

__all__ = ("DEFAULT_SOURCE", "QuantSettings")

DEFAULT_SOURCE: Final = "akshare"
# Without a password, which would be masked wherever the line is shown.
_EXAMPLE: Final = "postgresql://user@host/database"

#: What may be written -> SQLAlchemy's dialect and driver.
_DRIVERS: Final = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mysql+pymysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "mariadb+pymysql": "mariadb+pymysql",
}


@dataclass(frozen=True)
class QuantSettings:
    """Where market data comes from and is kept.

    Parameters:
        database: The URL as SQLAlchemy takes it; never shown by ``repr``.
        owned: Whether it is the project's own SQLite file, whose tables are made when they are first needed.
        source: ``akshare``, or ``package.module:factory`` that returns a :class:`taskhub.quant.Source`.
        timeout: Seconds that one answer of a source may take, where the source lets us say.
        history_start: The day from which K-lines are kept if a call does not say.
        font: A font file for charts; None: one with Chinese is looked for.
    """

    database: str = field(repr=False)
    owned: bool = False
    source: str = DEFAULT_SOURCE
    timeout: float = 30.0
    history_start: date = date(2015, 1, 1)
    font: Path | None = None

    @property
    def place(self) -> str:
        """The database for people: without credentials, and without the driver's name."""
        return re.sub(r"^(\w+)\+\w+://", r"\1://", mask_url(self.database))

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], *, home: Path | None = None
    ) -> QuantSettings:
        """Read the settings from environment variables.

        ``TASKHUB_QUANT_DATABASE_URL``, ``TASKHUB_QUANT_SOURCE``, ``TASKHUB_QUANT_TIMEOUT``,
        ``TASKHUB_QUANT_HISTORY_START``, ``TASKHUB_QUANT_FONT``. An empty variable counts as not set.

        Parameters:
            environment: The variables, as ``os.environ``.
            home: The project's directory for what taskhub keeps; without a URL, the database is in it. None:
                ``TASKHUB_HOME`` or ``.taskhub``.

        Raises:
            QuantConfigurationError: A value is wrong; one line names the variable and says what to write.
        """
        given = {name: value.strip() for name, value in environment.items() if value.strip()}
        home = home or Path(given.get("TASKHUB_HOME", ".taskhub")).expanduser()
        url = given.get("TASKHUB_QUANT_DATABASE_URL")
        return cls(
            database=_database(url) if url else f"sqlite:///{home / 'quant.sqlite3'}",
            owned=url is None,
            source=_source(given.get("TASKHUB_QUANT_SOURCE", DEFAULT_SOURCE)),
            timeout=_timeout(given.get("TASKHUB_QUANT_TIMEOUT", "30")),
            history_start=_day(given.get("TASKHUB_QUANT_HISTORY_START", "2015-01-01")),
            font=_font(given.get("TASKHUB_QUANT_FONT")),
        )


def _database(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    driver = _DRIVERS.get(scheme.lower())
    if not separator or driver is None:
        raise QuantConfigurationError(
            f"TASKHUB_QUANT_DATABASE_URL: {_masked(url)} is not the URL of a database that is known: "
            f"write sqlite:///path, {_EXAMPLE} or mysql://user@host/database"
        )
    if driver == "sqlite":
        if not rest.startswith("/") or len(rest) < 2:
            raise QuantConfigurationError(
                "TASKHUB_QUANT_DATABASE_URL: name a file, sqlite:///relative/path or sqlite:////absolute/path"
            )
        return f"sqlite://{rest}"
    if not re.search(r"/[^/?]+", rest.rpartition("@")[2]):
        raise QuantConfigurationError(
            f"TASKHUB_QUANT_DATABASE_URL: {_masked(url)} names no database: write for example {_EXAMPLE}"
        )
    return f"{driver}://{rest}"


def _masked(url: str) -> str:
    masked = mask_url(url)
    # Without a scheme a password can't be told from the rest.
    return masked if "://" in masked else masked.rpartition("@")[2]


def _source(text: str) -> str:
    if text != DEFAULT_SOURCE and not re.fullmatch(r"[\w.]+:\w+", text):
        raise QuantConfigurationError(
            f"TASKHUB_QUANT_SOURCE: {text!r} is no source: write akshare, or package.module:function"
        )
    return text


def _timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise QuantConfigurationError(
            f"TASKHUB_QUANT_TIMEOUT: {text!r} is not a number of seconds up to 3600: write for example 30"
        )
    return seconds


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QuantConfigurationError(
            f"TASKHUB_QUANT_HISTORY_START: {text!r} is not a day: write for example 2015-01-01"
        ) from None


def _font(text: str | None) -> Path | None:
    if text is None:
        return None
    path = Path(text).expanduser()
    if not path.is_file():
        raise QuantConfigurationError(
            f"TASKHUB_QUANT_FONT: {path} is not there: name a .ttf, .otf or .ttc file, or unset it"
        )
    return path
