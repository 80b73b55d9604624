"""Where market data comes from: a port, and akshare behind it."""

from __future__ import annotations

from taskhub.quant.source.opening import open_source
from taskhub.quant.source.port import Source

__all__ = ("Source", "open_source")
