"""The app and its tasks: extract each file of a day, load the day when all are there, report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypedDict

from taskhub import Celery, Signature, chord
from taskhub.task import Context, Task

import files
import warehouse

# With broker="redis://localhost:6379/0" on a server; without one, a development store is started.
app = Celery("etl", task_default_queue="etl")


class Receipt(TypedDict):
    """What `extract` tells of a file. The lines themselves are staged: results should be small."""

    file: str
    sales: int
    rejected: int
    tries: int


@app.task(
    bind=True,
    # A file whose upload goes on, or a disk that fails: tried again in 1, 2, 4, ... seconds.
    autoretry_for=(files.Incomplete, OSError),
    retry_backoff=True,
    retry_backoff_max=60,
    max_retries=12,
    # A normal state of things: one line in the log, no traceback.
    throws=(files.Incomplete,),
)
def extract(self: Task[..., Any], day: str, name: str) -> Receipt:
    """Read a file, and stage its clean lines."""
    sales, rejected = files.read(files.inbox(day) / name)
    files.stage(day, name, sales)
    return {
        "file": name,
        "sales": len(sales),
        "rejected": rejected,
        "tries": self.request.retries + 1,
    }


@app.task(bind=True)
def load(self: Task[..., Any], receipts: list[Receipt], day: str) -> dict[str, int]:
    """Load all that was staged of a day: the body of the chord, called with all receipts.

    If its worker is killed it runs again, so it may run more than once: `load_batch` is one
    transaction that repeats nothing.
    """
    if not receipts:
        # Loading nothing would delete what an earlier run has loaded.
        raise ValueError(f"there are no files in {files.inbox(day)}")
    names = [receipt["file"] for receipt in receipts]
    sales = (sale for name in names for sale in files.read_staged(day, name))
    return {
        "files": len(receipts),
        "sales": warehouse.load_batch(day, sales, str(self.request.id)),
        "rejected": sum(receipt["rejected"] for receipt in receipts),
        "read again": sum(receipt["tries"] > 1 for receipt in receipts),
    }


@app.task
def report(loaded: dict[str, int], day: str) -> str:
    """Write the report of a day, and return it."""
    counts = ", ".join(f"{count:,} {what}" for what, count in loaded.items())
    lines = [f"{day}: {counts}"]
    for item, (count, cents) in warehouse.turnover(day).items():
        lines.append(f"  {item:<10} {count:>8,} sales {cents / 100:>14,.2f}")
    text = "\n".join(lines)
    path = files.DATA / "reports" / f"{day}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", "utf-8")
    return text


@app.task
def note_failure(request: Context, error: Exception, traceback: str | None, day: str) -> None:
    """Mark a batch as failed: an error callback. Nothing of the batch has been loaded."""
    warehouse.note_state(day, "failed", str(error))


def batch(day: str) -> Signature:
    """Return the canvas of a day: `batch(day).delay()` runs it."""

    def header() -> Iterator[Signature]:
        # A generator is sent page by page while it is read: 100,000 files need no memory here, and
        # the first ones are read by workers while the last ones are still being listed.
        for path in sorted(files.inbox(day).glob("*.csv")):
            yield extract.s(day, path.name)

    return chord(header(), load.s(day) | report.s(day)).on_error(note_failure.s(day))
