"""The extra `taskhub-core[quant]`."""

from __future__ import annotations

from taskhub.actors.extras import Extra
from taskhub.actors.quant.exceptions import QuantNotInstalledError

__all__ = ("QUANT", "load", "require")

QUANT = Extra(
    "quant",
    "market data",
    QuantNotInstalledError,
    elsewhere={"psycopg": "postgresql", "pymysql": "mysql"},
)
load, require = QUANT.load, QUANT.require
