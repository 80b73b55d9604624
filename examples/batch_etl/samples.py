"""Sample files, as the shops upload them: the same ones for a day whenever they are made."""

from __future__ import annotations

import random
from pathlib import Path

import files

ITEMS = {"coffee": 920, "tea": 480, "sugar": 210, "milk": 130, "cocoa": 650}


def write_day(day: str, shops: int, lines: int, *, damaged: bool) -> Path:
    """Upload the files of a day; returns the one whose last lines are still missing.

    Args:
        day: The day, which is also the seed of what is in the files.
        shops: How many files.
        lines: How many sales each has. Of every hundredth, the amount is illegible.
        damaged: Whether one file has a column too few.
    """
    directory = files.inbox(day)
    directory.mkdir(parents=True, exist_ok=True)
    for number in range(shops):
        path = directory / f"shop-{number:04}.csv"
        path.write_text(_content(day, number, lines, damaged and number == 1), "utf-8")
    slow = directory / "shop-0000.csv"
    slow.write_text(slow.read_text("utf-8")[:-20], "utf-8")
    return slow


def finish(path: Path, day: str, lines: int) -> None:
    """Upload the rest of the first file."""
    path.write_text(_content(day, 0, lines, False), "utf-8")


def _content(day: str, number: int, lines: int, is_damaged: bool) -> str:
    chance = random.Random(f"{day} {number}")
    columns = files.COLUMNS[:-1] if is_damaged else files.COLUMNS
    rows = [",".join(columns)]
    for receipt in range(1, lines + 1):
        item = chance.choice(list(ITEMS))
        amount = "?" if receipt % 100 == 0 else f"{ITEMS[item] * chance.randint(1, 5) / 100:.2f}"
        rows.append(f"{receipt},{item},{amount}")
    return "\n".join([*rows, f"# {lines} lines"]) + "\n"
