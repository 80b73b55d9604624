"""What can go wrong in a benchmark run, each told to the user in one line."""

from __future__ import annotations


class BenchmarkError(Exception):
    """The run can't go on; the message says what is wrong and how to mend it."""


class NotAvailableError(Exception):
    """A system can't do a row (yet); the message is printed in the row's cell."""
