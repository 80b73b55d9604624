"""Where market data comes from and is kept."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.types import PathType
from pydantic_settings import SettingsConfigDict

from taskhub.actors.quant.exceptions import QuantConfigurationError
from taskhub.actors.quant.source.port import DEFAULT_SOURCE
from taskhub.actors.secret_mask import mask_secret
from taskhub.actors.settings import HomeSettings, UserPath

__all__ = ("QuantSettings",)

# Without a password, which would be masked wherever the line is shown.
_EXAMPLE: Final = "postgresql://<user>:<password>@host/database"

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


def _database(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    driver = _DRIVERS.get(scheme.lower())
    if not separator or driver is None:
        raise ValueError(
            f"{mask_secret(url)} is not the URL of a database that is known: "
            f"write sqlite:///path, {_EXAMPLE} or mysql://<user>:<password>@host/database"
        )
    if driver == "sqlite":
        if not rest.startswith("/") or len(rest) < 2:
            raise ValueError("name a file, sqlite:///relative/path or sqlite:////absolute/path")
    elif not re.search(r"/[^/?]+", rest.rpartition("@")[2]):
        raise ValueError(f"{mask_secret(url)} names no database: write for example {_EXAMPLE}")
    return f"{driver}://{rest}"


def _day(value: Any) -> Any:
    # pydantic would take a number for seconds since 1970.
    return date.fromisoformat(value) if isinstance(value, str) else value


class QuantSettings(HomeSettings):
    """Where market data comes from and is kept: `TASKHUB_QUANT_...`.

    Args:
        database_url: The URL as SQLAlchemy takes it, never shown by `repr`; None: a SQLite file
            of the project.
        source: `akshare`, or `package.module:factory` that returns a
            `taskhub.actors.quant.Source`.
        timeout: Seconds that one answer of a source may take, where the source lets us say.
        history_start: The day from which K-lines are kept if a call does not say.
        font: A font file for charts; None: one with Chinese is looked for.

    Raises:
        QuantConfigurationError: A value is wrong; one line names the variable and says what to
            write.
    """

    model_config = SettingsConfigDict(env_prefix="TASKHUB_QUANT_")
    refusal: ClassVar = QuantConfigurationError

    database_url: Annotated[str, AfterValidator(_database)] | None = Field(default=None, repr=False)
    source: str = Field(
        default=DEFAULT_SOURCE,
        pattern=rf"^({DEFAULT_SOURCE}|[\w.]+:\w+)$",
        description="a source",
        examples=["akshare, or package.module:function"],
    )
    timeout: float = Field(default=30, gt=0, le=3600, description="a number of seconds up to 3600")
    history_start: Annotated[date, BeforeValidator(_day)] = Field(
        default=date(2015, 1, 1), description="a day"
    )
    font: Annotated[UserPath, PathType("file")] | None = Field(
        default=None,
        description="a file",
        examples=["the path of a .ttf, .otf or .ttc file, or unset it"],
    )

    @property
    def owned(self) -> bool:
        """Return whether it is the project's own SQLite file, whose tables are created on use."""
        return self.database_url is None

    @property
    def database(self) -> str:
        """The URL as SQLAlchemy takes it; it may hold a password."""
        return self.database_url or f"sqlite:///{self.home / 'quant.sqlite3'}"

    @property
    def place(self) -> str:
        """The database for people: without credentials, and without the driver's name."""
        return re.sub(r"^(\w+)\+\w+://", r"\1://", mask_secret(self.database))
