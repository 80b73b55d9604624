"""A source of market data that needs no library and no site: a few stocks, some of which are trouble."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

from taskhub.actors.quant import Answer, Bar, Board, BoardKind, Code, Market, Member, Stock
from taskhub.exceptions import SoftTimeLimitExceeded
from tests.support.workers import until

__all__ = ("BROKEN", "GATE", "SLOW", "MadeUpSource", "asked_at")

#: The environment's path of a file for which questions for stocks wait; not set: they don't.
GATE = "MADE_UP_GATE"

#: Asked for its K-lines, the source fails as none should.
BROKEN = "600003.SH"
#: Asked for its K-lines, the source is interrupted by the soft time limit.
SLOW = "600002.SH"


def asked_at(gate: Path) -> Path:
    """Return the file that is there once somebody waits at a gate."""
    return gate.with_suffix(".asked")


class MadeUpSource:
    """Four stocks, one industry, one concept."""

    name = "made up"

    def stocks(self, market: Market, progress: Any) -> Answer[Stock]:
        if GATE in os.environ:
            gate = Path(os.environ[GATE])
            asked_at(gate).touch()
            until(gate.exists, "the gate to open", 60)
        rows = [
            Stock(
                code=f"60000{number}.SH",
                symbol=f"60000{number}",
                name=f"股票{number}",
                market=market.value,
                exchange="SH",
                currency=market.currency,
                is_st=False,
                is_suspended=False,
                price=8.0 + number,
            )
            for number in range(4)
        ]
        named = {"symbol", "name", "market", "exchange", "currency", "is_st", "is_suspended"}
        return Answer(rows, frozenset({*named, "price"}), self.name)

    def boards(self, kind: BoardKind, progress: Any) -> Answer[Board]:
        return Answer([Board(code="BK0475", name="银行")], frozenset({"name"}), self.name)

    def members(self, kind: BoardKind, board: str, progress: Any) -> Answer[Member]:
        rows = [Member(kind.value, board, f"60000{number}.SH") for number in range(4)]
        return Answer(rows, frozenset(Member._fields), self.name)

    def bars(self, code: Code, start: date, end: date, adjust: str) -> Answer[Bar]:
        if str(code) == BROKEN:
            raise RuntimeError("this is no error of market data")
        if str(code) == SLOW:
            raise SoftTimeLimitExceeded
        bar = Bar(str(code), adjust, date(2024, 1, 2), 8.0, 8.5, 9.0, 7.5, 1000)
        return Answer([bar], frozenset(Bar._fields), self.name)
