"""URLs of databases: SQLAlchemy's, with the drivers that are installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

__all__ = ("with_driver",)

#: Scheme without a driver -> the drivers that are looked for, by module, the first one first.
#: SQLAlchemy itself means one of them only, whether it is installed or not.
_DRIVERS: Final = {
    "postgresql": (("psycopg2", "psycopg2"), ("psycopg", "psycopg")),
    "mysql": (("MySQLdb", "mysqldb"), ("pymysql", "pymysql")),
    "mariadb": (("MySQLdb", "mysqldb"), ("pymysql", "pymysql")),
}
#: Schemes that other libraries take.
_ALIASES: Final = {"postgres": "postgresql"}


def with_driver(url: str) -> str:
    """Return a database's URL with a driver that is installed, if it names none."""
    scheme, separator, rest = url.partition("://")
    scheme = _ALIASES.get(scheme, scheme)
    for module, driver in _DRIVERS.get(scheme, ()):
        if find_spec(module) is not None:
            return f"{scheme}+{driver}{separator}{rest}"
    return f"{scheme}{separator}{rest}"
