"""Codes of securities as symbol, dot and exchange: ``600000.SH``, ``00700.HK``, ``AAPL.US``."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple

from taskhub.actors.quant.exceptions import InvalidRequestError

__all__ = ("Code", "Market", "parse_code", "parse_market")


class Market(StrEnum):
    """Where a security is traded, by the rules and the currency."""

    CN = "cn"
    HK = "hk"
    US = "us"

    @property
    def currency(self) -> str:
        """The currency of its prices, ISO 4217."""
        return {"cn": "CNY", "hk": "HKD", "us": "USD"}[self.value]


class Code(NamedTuple):
    """One security.

    Args:
        symbol: What the exchange calls it: ``600000``, ``00700``, ``AAPL``.
        suffix: ``SH``, ``SZ``, ``BJ``, ``HK`` or ``US``.
    """

    symbol: str
    suffix: str

    @property
    def market(self) -> Market:
        """The market it belongs to."""
        return _MARKETS[self.suffix]

    def __str__(self) -> str:
        return f"{self.symbol}.{self.suffix}"


_MARKETS: Final = {
    "SH": Market.CN,
    "SZ": Market.CN,
    "BJ": Market.CN,
    "HK": Market.HK,
    "US": Market.US,
}

#: What others write for the same places.
_ALIASES: Final = {
    "SS": "SH",
    "XSHG": "SH",
    "SSE": "SH",
    "XSHE": "SZ",
    "SZSE": "SZ",
    "BSE": "BJ",
    "XHKG": "HK",
    "O": "US",
    "N": "US",
}

#: First digits of six -> exchange. Shanghai: B shares, A shares, the STAR market; Beijing: its own
#: since 2024 (92), and what came from the older board (4, 8); Shenzhen: A shares, B shares,
#: ChiNext.
_PREFIXES: Final = (
    ("900", "SH"),
    ("60", "SH"),
    ("68", "SH"),
    ("92", "BJ"),
    ("00", "SZ"),
    ("20", "SZ"),
    ("30", "SZ"),
    ("4", "BJ"),
    ("8", "BJ"),
)

_MAINLAND: Final = re.compile(r"[0-9]{6}")
_HONG_KONG: Final = re.compile(r"[0-9]{1,5}")
_AMERICAN: Final = re.compile(r"[A-Z][A-Z0-9_\-]{0,14}", re.IGNORECASE | re.ASCII)


def parse_market(text: str) -> Market:
    """Return a market.

    Raises:
        InvalidRequestError: There is none of this name.
    """
    try:
        return Market(text.strip().lower())
    except (ValueError, AttributeError):
        raise InvalidRequestError(
            f"market: {text!r} is not known: write {', '.join(Market)}"
        ) from None


def parse_code(text: str, market: Market | None = None) -> Code:
    """Return the code that a text stands for.

    Forms: ``600000``, ``600000.SH`` (or ``.SS``, ``.XSHG``), ``sh600000``; ``00700.HK``,
    ``700.HK``; ``AAPL.US``; and ``105.AAPL``, as one source has it. With `market`, symbols alone
    are of that market.

    Raises:
        InvalidRequestError: It is none, or of another market.
    """
    code = _read(str(text).strip(), market)
    if code is None or (market is not None and code.market is not market):
        wanted = f" of the market {market}" if market else ""
        raise InvalidRequestError(
            f"{text!r} is not the code of a security{wanted}: write for example 600000.SH, "
            "00700.HK or AAPL.US"
        )
    return code


def _read(text: str, market: Market | None) -> Code | None:
    if re.fullmatch(r"10[5-7]\..+", text):
        return _with_suffix(text[4:], "US")
    symbol, dot, suffix = text.rpartition(".")
    if dot:
        return _with_suffix(symbol, suffix.upper())
    if re.fullmatch(r"(?i)(sh|sz|bj)[0-9]{6}", text):
        return Code(text[2:], text[:2].upper())
    if market is Market.HK or market is Market.US:
        return _with_suffix(text, market.upper())
    if _MAINLAND.fullmatch(text):
        place = next((place for first, place in _PREFIXES if text.startswith(first)), None)
        return Code(text, place) if place else None
    return None


def _with_suffix(symbol: str, suffix: str) -> Code | None:
    place = _ALIASES.get(suffix, suffix)
    if place in ("SH", "SZ", "BJ"):
        return Code(symbol, place) if _MAINLAND.fullmatch(symbol) else None
    if place == "HK":
        return Code(symbol.zfill(5), "HK") if _HONG_KONG.fullmatch(symbol) else None
    if place == "US":
        return Code(symbol.upper(), "US") if _AMERICAN.fullmatch(symbol) else None
    return None
