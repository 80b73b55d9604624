"""Speed and memory of writing market data: `python -m benchmarks.market_data --help`."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from taskhub.actors.quant import Answer, Bar, QuantSettings, Stock
from taskhub.actors.quant.storage.schema import upgrade
from taskhub.actors.quant.storage.store import MarketStore, Run

#: Days of one stock: about eleven years of trading.
DAYS = 2750
_FIELDS = frozenset(field.name for field in fields(Stock))


def stocks(count: int) -> list[Stock]:
    """Return stocks with all fields set."""
    numbers = {field.name: 1 / 3 for field in fields(Stock) if "float" in str(field.type)}
    return [
        Stock(
            **{
                **numbers,
                "code": f"{number:06d}.SZ",
                "symbol": f"{number:06d}",
                "name": f"股票{number}",
                "market": "cn",
                "exchange": "SZ",
                "currency": "CNY",
                "is_st": False,
                "is_suspended": False,
                "volume": 10**9 + number,
            }
        )
        for number in range(count)
    ]


def bars(count: int) -> Iterator[Bar]:
    """Yield K-lines, stock after stock, none kept."""
    first = date(2015, 1, 1)
    for number in range(count):
        stock, ago = divmod(number, DAYS)
        price = 10 + ago / 7
        values = (
            price,
            price + 0.1,
            price + 0.3,
            price - 0.3,
            10**7 + ago,
            1e9 + ago,
            3.1,
            0.5,
            0.05,
            0.7,
        )
        yield Bar(f"{stock:06d}.SZ", "", first + timedelta(ago), *values)


def timed(what: str, rows: int, work: Callable[[], Any]) -> None:
    """Print how long some work took, by the clock and in this process."""
    started, spent = time.perf_counter(), time.process_time()
    work()
    seconds, own = time.perf_counter() - started, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:34}{rows:>10,} rows {seconds:7.2f} s, own {own:6.2f} s, peak {peak:4.0f} MB")


def measure(settings: QuantSettings, lines: int) -> None:
    """Measure one database, whose tables are made."""
    print(settings.place)
    store = MarketStore(settings)
    upgrade(store.engine)
    store.prepare()
    first = stocks(5500)
    later = [replace(stock, price=9.5) for stock in first]
    for what, rows in (
        ("stocks, new", first),
        ("stocks, the same", first),
        ("stocks, changed", later),
    ):
        run = Run("stocks:cn", time.monotonic())
        answer = Answer(rows, _FIELDS, "benchmark")
        timed(what, len(rows), lambda run=run, answer=answer: store.write_stocks(run, "cn", answer))  # type: ignore[misc]
    for what, count in (
        ("K-lines, new: the first tenth", lines // 10),
        ("K-lines, new but for that tenth", lines),
        ("K-lines, the same: a tenth", lines // 10),
    ):
        timed(what, count, lambda count=count: store.write_bar_pages(bars(count)))  # type: ignore[misc]
    store.close()


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--database", metavar="URL", help="an empty one (default: a SQLite file, which is removed)"
    )
    parser.add_argument(
        "--lines", type=int, default=1_000_000, metavar="N", help="K-lines (default: 1000000)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        url = arguments.database or f"sqlite:///{Path(directory, 'quant.sqlite3')}"
        measure(QuantSettings(database_url=url), arguments.lines)


if __name__ == "__main__":
    main()
