"""Where market data comes from: a port, and akshare behind it."""

from __future__ import annotations

from taskhub.actors.quant.source.factory import open_source
from taskhub.actors.quant.source.port import Source

__all__ = ("Source", "open_source")
