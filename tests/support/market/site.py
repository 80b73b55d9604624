"""A web server that answers like the public sources of market data, with made-up data of their shape and size.

Akshare's own functions ask it: `tests.support.market.redirect` leads their requests here.
"""

from __future__ import annotations

import json
import math
import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

__all__ = ("Market", "MarketSite")

Row = dict[str, Any]


def _shares(count: int) -> list[tuple[str, str]]:
    """Return codes and names of the mainland: every exchange, and every oddity of names."""
    rows = [
        ("600000", "浦发银行"),
        ("000001", "平安银行"),
        ("600001", "*ST邯钢"),
        ("000002", "万  科Ａ"),
        ("688001", "N新股"),
        ("300001", "特锐德"),
        ("920001", "北证一号"),
        ("430017", "星昊医药"),
        ("600003", "东北退"),
        ("000003", "S*ST国农"),
    ]
    starts = (
        ("600", 1000),
        ("000", 1000),
        ("300", 1000),
        ("601", 1000),
        ("002", 1000),
        ("688", 1000),
    )
    for first, size in starts:
        rows += [(f"{first}{number:03d}", f"股票{first}{number:03d}") for number in range(4, size)]
    return rows[:count]


@dataclass
class Market:
    """What the made-up market holds; tests change it between calls."""

    stocks: list[tuple[str, str]] = field(default_factory=lambda: _shares(5500))
    industries: list[tuple[str, str]] = field(
        default_factory=lambda: [(f"BK{400 + n:04d}", f"行业{n}") for n in range(86)]
    )
    concepts: list[tuple[str, str]] = field(
        default_factory=lambda: [(f"BK{900 + n:04d}", f"概念{n}") for n in range(420)]
    )
    #: Changes every price.
    day: int = 0
    #: Codes without a quote.
    suspended: set[str] = field(default_factory=lambda: {"600001", "300001"})
    #: The last trading day.
    today: date = date(2024, 6, 28)
    #: How many days each stock has traded.
    days: int = 250

    def members(self, board: str) -> list[tuple[str, str]]:
        """Return the stocks of a board: some tens, one board with more than a page, one with none."""
        number = int(board[2:])
        if board == "BK0485":
            return []
        size = 250 if board == "BK0400" else 10 + number % 30
        return [
            self.stocks[(number * 31 + n * 7) % len(self.stocks)]
            for n in range(min(size, len(self.stocks)))
        ]

    def quote(self, code: str, name: str) -> Row:
        """Return all fields of a quote, as the site names them."""
        chance = random.Random(f"{code}{self.day}")
        price = round(chance.uniform(2, 300), 2)
        values: Row = {
            f"f{n}": 0 for n in (1, 10, 11, 13, 22, 24, 25, 26, 33, 45, 62, 107, 115, 124, 136, 152)
        }
        values.update(
            f1=2, f2=price, f3=round(chance.uniform(-10, 10), 2), f4=round(chance.uniform(-3, 3), 2),
            f5=chance.randrange(100, 2_000_000), f6=round(chance.uniform(1e5, 1e10), 2),
            f7=round(chance.uniform(0, 20), 2), f8=round(chance.uniform(0, 30), 2),
            f9=round(chance.uniform(-500, 900), 2), f10=1.02, f11=0.1, f12=code, f13=1 if code[0] == "6" else 0,
            f14=name, f15=round(price * 1.03, 2), f16=round(price * 0.97, 2), f17=round(price * 1.01, 2),
            f18=round(price * 0.99, 2), f20=chance.randrange(10**8, 10**12), f21=chance.randrange(10**8, 10**11),
            f23=round(chance.uniform(-2, 30), 2), f104=chance.randrange(50), f105=chance.randrange(50), f115=-12.5,
            f128="领涨股", f140="600000", f141=1, f136=5.5, f207="跌", f208="000001", f209=0, f222=-3.1,
        )  # fmt: skip
        if code in self.suspended:
            values.update(
                dict.fromkeys(
                    ("f2", "f3", "f4", "f5", "f6", "f7", "f8", "f10", "f15", "f16", "f17"), "-"
                )
            )
        return values

    def bars(self, code: str, start: date, end: date) -> list[str]:
        """Return the trading days of a stock as lines of text."""
        lines = []
        for ago in range(self.days - 1, -1, -1):
            day = self.today - timedelta(days=ago)
            if day.weekday() > 4 or not start <= day <= end:
                continue
            number = day.toordinal() % 10_000
            price = 20 + 10 * math.sin(number / 17 + int(code) % 10)
            step = math.cos(number * 1.7)
            low, high = price - 0.6, price + 0.7
            lines.append(
                f"{day},{price - step / 3:.2f},{price + step / 3:.2f},{high:.2f},{low:.2f},"
                f"{1000 + 37 * (number * 7919 % 1000)},{2e6 + number},3.1,{step:.2f},{step / 5:.2f},0.52"
            )
        return lines


class MarketSite:
    """The server, and what goes wrong with it.

    Args:
        market: What it tells.
    """

    def __init__(self, market: Market | None = None) -> None:
        self.market = market or Market()
        #: Requests by what they were for: `stocks`, `industries`, `bars` ...
        self.asked: Counter[str] = Counter()
        #: What befalls the next requests of a kind, one after the other: `429`, `503`, `drop`,
        #: `break`, `null`, `empty`, `columns`, `moved`, `html`; the last one goes on forever if it
        #: ends with `*`.
        self.troubles: dict[str, list[str]] = {}
        #: After so many requests, further ones are held back until `open` is set.
        self.held_after = 0
        self.open = threading.Event()
        self.open.set()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def trouble(self, kind: str) -> str:
        """Take what befalls this request; empty: nothing."""
        with self._lock:
            self.asked[kind] += 1
            waiting = self.troubles.get(kind)
            if not waiting:
                return ""
            return waiting[0][:-1] if waiting[0].endswith("*") else waiting.pop(0)

    def answer(self, path: str, query: dict[str, str]) -> tuple[str, Any]:
        """Return what a request is for, and the answer."""
        if path.endswith("/clist/get"):
            return self._list(query)
        if path.endswith("/kline/get"):
            code = query["secid"].partition(".")[2]
            lines = self.market.bars(code, _day(query["beg"]), _day(query["end"]))
            return "bars", {"data": {"code": code, "klines": lines}}
        if path.endswith("getHQNodeStockCount"):
            return "sina", str(len(self.market.stocks))
        if path.endswith("getHQNodeData"):
            start = 80 * (int(query["page"]) - 1)
            return "sina", [self._sina(*stock) for stock in self.market.stocks[start : start + 80]]
        raise LookupError(path)

    def _list(self, query: dict[str, str]) -> tuple[str, Any]:
        filters, market = query["fs"], self.market
        if filters.startswith("b:"):
            kind, rows = "members", market.members(filters[2:].split()[0])
        elif "t:2 f:!50" in filters:
            kind, rows = "industries", market.industries
        elif "t:3 f:!50" in filters:
            kind, rows = "concepts", market.concepts
        elif filters.startswith("m:128"):
            kind, rows = "hk", [(f"{n:05d}", f"港股{n}") for n in range(1, 301)]
        elif filters.startswith("m:105"):
            kind, rows = (
                "us",
                [(f"T{chr(65 + n % 26)}{chr(65 + n // 26)}", f"Company {n}") for n in range(300)],
            )
        else:
            kind, rows = "stocks", market.stocks
        size, page = int(query["pz"]), int(query["pn"])
        wanted = set(query["fields"].split(","))
        if "f128" in wanted:
            wanted |= {"f140", "f141"}
        # The site puts the fields in the order of their numbers, but for one.
        names = sorted(wanted, key=lambda name: 141.5 if name == "f136" else int(name[1:]))
        found = []
        for number, (code, name) in enumerate(rows[size * (page - 1) : size * page]):
            quote = market.quote(code, name)
            if kind == "us":
                quote["f13"] = 105 + number % 3
            found.append({field: quote[field] for field in names})
        if not rows:
            return kind, {"rc": 102, "data": None}
        return kind, {"rc": 0, "data": {"total": len(rows), "diff": found}}

    def _sina(self, code: str, name: str) -> Row:
        quote = self.market.quote(code, name)
        place = "sh" if code[0] == "6" else "bj" if code[0] in "489" else "sz"

        def number(field: str) -> Any:
            return 0 if quote[field] == "-" else quote[field]

        return {
            "symbol": f"{place}{code}", "code": code, "name": name, "trade": f"{number('f2'):.3f}",
            "pricechange": number("f4"), "changepercent": number("f3"), "buy": "1.0", "sell": "1.1",
            "settlement": f"{quote['f18']:.3f}", "open": f"{number('f17'):.3f}", "high": f"{number('f15'):.3f}",
            "low": f"{number('f16'):.3f}", "volume": 100 * number("f5"), "amount": number("f6"),
            "ticktime": "15:00:00", "per": quote["f9"], "pb": quote["f23"], "mktcap": 1.5, "nmc": 1.2,
            "turnoverratio": number("f8"),
        }  # fmt: skip

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                if site.asked.total() >= site.held_after:
                    site.open.wait(120)
                kind, value = site.answer(parts.path, query)
                self._send(site.trouble(kind), value)

            def _send(self, trouble: str, value: Any) -> None:
                if trouble == "drop":
                    self.close_connection = True
                    self.connection.shutdown(2)
                    return
                if trouble.isdigit():
                    self.send_error(int(trouble))
                    return
                if trouble == "null":
                    value = {"rc": 102, "data": None}
                elif trouble == "empty":
                    value = {"rc": 0, "data": {"total": 0, "diff": []}}
                elif trouble == "columns":
                    for row in value["data"]["diff"]:
                        row["f999"] = row.pop("f14")
                        row["f1000"] = 1
                elif trouble == "moved":
                    for row in value["data"]["diff"]:
                        row["f12"], row["f14"] = row["f14"], row["f12"]
                body = json.dumps(value, ensure_ascii=False).encode()
                if trouble == "html":
                    body = b"<html>please verify that you are human</html>"
                self.send_response(200)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if trouble == "break":
                    # The connection ends in the middle.
                    self.wfile.write(body[: len(body) // 2])
                    self.close_connection = True
                    self.connection.shutdown(2)
                    return
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
