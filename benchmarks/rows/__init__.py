"""What is measured: one file per kind of row, in the order of the report."""

from __future__ import annotations

from benchmarks.rows.backlog import BACKLOG
from benchmarks.rows.calls import (
    BULK,
    CHAIN,
    CHORD,
    DELAY,
    ENGINE,
    GROUP,
    LARGE_CHORD,
    ROUNDTRIP,
    START,
)
from benchmarks.rows.dashboard import DASHBOARD
from benchmarks.rows.history import HISTORY
from benchmarks.rows.network import NETWORK
from benchmarks.rows.redelivery import REDELIVERY
from benchmarks.rows.row import Metric, Row, Share
from benchmarks.rows.steady import DELAY_FROM_THREADS, FIRST_CALL, STEADY, SUSTAINED
from benchmarks.rows.throughput import THROUGHPUT

ORDER = (
    THROUGHPUT,
    DELAY,
    DELAY_FROM_THREADS,
    BULK,
    ENGINE,
    ROUNDTRIP,
    START,
    FIRST_CALL,
    CHAIN,
    GROUP,
    CHORD,
    LARGE_CHORD,
    *STEADY,
    SUSTAINED,
    NETWORK,
    BACKLOG,
    REDELIVERY,
    HISTORY,
    DASHBOARD,
)
ROWS: dict[str, Row] = {row.name: row for row in ORDER}

__all__ = ["ROWS", "Metric", "Row", "Share"]
