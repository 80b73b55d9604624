"""Upload sample files of a day, load them with the workers, and print the report."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date

from taskhub import AsyncResult, states
from taskhub.exceptions import ImproperlyConfigured, OperationalError
from taskhub.exceptions import TimeoutError as LateError

import samples
import warehouse
from etl import Receipt, batch


def main() -> int:
    """Run a batch; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--day", default=date.today().isoformat(), help="which (default: today)")
    parser.add_argument("--shops", type=int, default=200, help="how many files (default: 200)")
    parser.add_argument("--lines", type=int, default=200, help="lines of each (default: 200)")
    parser.add_argument("--damaged", action="store_true", help="one of them has a column too few")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds to wait (default: 60)")
    options = parser.parse_args()
    try:
        return run(options.day, options.shops, options.lines, options.damaged, options.timeout)
    except (ImproperlyConfigured, OperationalError) as error:
        print(error, file=sys.stderr)
        return 1


def run(day: str, shops: int, lines: int, damaged: bool, timeout: float) -> int:
    slow = samples.write_day(day, shops, lines, damaged=damaged)
    print(f"{shops} files in {slow.parent}; the upload of {slow.name} goes on")
    result = batch(day).delay()
    print(f"sent: the result is {result.id}")
    try:
        # The parent of the result is the group of the header.
        wait_for_retry(result.parent[0], timeout)
        samples.finish(slow, day, lines)
        outcome = result.get(timeout=timeout, propagate=False)
    except LateError:
        print(f"still not ready after {timeout:g} s: does `taskhub -A etl worker` run?")
        return 1
    if result.failed():
        print(f"not loaded: {outcome}")
        # The error callback wrote it, at once, in the worker whose task had failed.
        print("state of the batch:", *warehouse.read_state(day))
        return 1
    print(outcome)
    return 0


def wait_for_retry(result: AsyncResult[Receipt], timeout: float) -> None:
    """Wait until a task was tried in vain.

    Raises:
        TimeoutError: It was not even begun.
    """
    deadline = time.monotonic() + timeout
    while result.state == states.PENDING:
        if time.monotonic() > deadline:
            raise LateError
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
