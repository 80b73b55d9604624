"""The shops' files of a day: where they are, how they are read, and what is staged of them."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

DATA = Path(os.environ.get("ETL_DATA", Path(__file__).with_name("data")))
COLUMNS = ["receipt", "item", "amount"]

_TRAILER = re.compile(r"# (\d+) lines")


class Incomplete(Exception):
    """A file has no last line `# n lines` yet: its upload goes on. Reading it later helps."""


class Damaged(ValueError):
    """A file is not what was agreed on. Reading it again does not help."""


class Sale(NamedTuple):
    """A line of a file that can be loaded."""

    shop: str
    receipt: int
    item: str
    cents: int


def inbox(day: str) -> Path:
    """Return the directory to which the shops upload the files of a day."""
    return DATA / "inbox" / day


def staged(day: str, name: str) -> Path:
    """Return where the clean lines of a file are kept until the day is loaded."""
    return DATA / "staged" / day / name


def read(path: Path) -> tuple[list[Sale], int]:
    """Return the sales in a file, and how many lines of it had to be rejected.

    Raises:
        Incomplete: Its upload goes on.
        Damaged: It has other columns, or another number of lines than it says.
    """
    lines = path.read_text("utf-8").splitlines()
    trailer = _TRAILER.fullmatch(lines[-1]) if lines else None
    if trailer is None:
        raise Incomplete(f"{path.name}: the upload goes on")
    header, rows = lines[0], list(csv.reader(lines[1:-1]))
    if header != ",".join(COLUMNS):
        raise Damaged(f"{path.name}: the columns are {header!r}, not {','.join(COLUMNS)!r}")
    if len(rows) != int(trailer[1]):
        raise Damaged(f"{path.name}: {len(rows)} lines instead of {trailer[1]}")
    found = [_sale(path.stem, row) for row in rows]
    sales = [sale for sale in found if sale is not None]
    return sales, len(found) - len(sales)


def stage(day: str, name: str, sales: list[Sale]) -> None:
    """Keep the clean lines of a file; what an earlier run has kept is replaced as a whole."""
    path = staged(day, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(sales)
    partial.replace(path)


def read_staged(day: str, name: str) -> Iterator[Sale]:
    """Yield what `stage` has kept of a file."""
    with staged(day, name).open(encoding="utf-8", newline="") as file:
        for shop, receipt, item, cents in csv.reader(file):
            yield Sale(shop, int(receipt), item, int(cents))


def _sale(shop: str, row: list[str]) -> Sale | None:
    try:
        receipt, item, amount = row
        return Sale(shop, int(receipt), item, int(Decimal(amount) * 100))
    except (ValueError, ArithmeticError):
        return None
