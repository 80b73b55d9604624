"""Settings of market data: what is read, and what is refused in one line without secrets."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from taskhub.actors.quant import QuantConfigurationError, QuantSettings
from tests.support.environment import read


def test_nothing_set_is_a_file_of_the_project(tmp_path: Path) -> None:
    settings = read(QuantSettings, {"TASKHUB_QUANT_SOURCE": " "}, home=tmp_path)
    assert settings.database == f"sqlite:///{tmp_path / 'quant.sqlite3'}"
    assert (settings.owned, settings.source, settings.timeout) == (True, "akshare", 30.0)
    assert settings.history_start == date(2015, 1, 1)


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("postgresql://u:p@host/db", "postgresql+psycopg://u:p@host/db"),
        ("postgres://host/db", "postgresql+psycopg://host/db"),
        ("mysql://u:p@host:3307/db?charset=utf8", "mysql+pymysql://u:p@host:3307/db?charset=utf8"),
        ("mariadb://host/db", "mariadb+pymysql://host/db"),
        ("sqlite:////var/lib/market.db", "sqlite:////var/lib/market.db"),
    ],
)
def test_urls(url: str, database: str) -> None:
    settings = read(QuantSettings, {"TASKHUB_QUANT_DATABASE_URL": url})
    assert (settings.database, settings.owned) == (database, False)


def test_the_password_is_not_shown() -> None:
    settings = read(QuantSettings, {"TASKHUB_QUANT_DATABASE_URL": "postgresql://u:secret@host/db"})
    assert "secret" not in repr(settings) + settings.place
    # Nor is the name of the driver, which is SQLAlchemy's matter.
    assert settings.place == "postgresql://u:**@host/db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TASKHUB_QUANT_DATABASE_URL", "oracle://u:secret@host/db"),
        ("TASKHUB_QUANT_DATABASE_URL", "u:secret@host/db"),
        ("TASKHUB_QUANT_DATABASE_URL", "postgresql://u:secret@host"),
        ("TASKHUB_QUANT_DATABASE_URL", "sqlite://"),
        ("TASKHUB_QUANT_SOURCE", "tushare"),
        ("TASKHUB_QUANT_TIMEOUT", "soon"),
        ("TASKHUB_QUANT_TIMEOUT", "0"),
        ("TASKHUB_QUANT_HISTORY_START", "2015"),
        ("TASKHUB_QUANT_FONT", "/nowhere/font.ttf"),
    ],
)
def test_wrong_values_are_refused_in_one_line(name: str, value: str) -> None:
    with pytest.raises(QuantConfigurationError, match=name) as raised:
        read(QuantSettings, {name: value})
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)
