"""taskhub on Dramatiq's own command line: two processes with eight threads, as Dramatiq."""

from __future__ import annotations

import sys

from benchmarks.systems.system import DRAMATIQ_WORKERS, System

TASKHUB = System(
    name="taskhub",
    title="taskhub",
    program="celery_program",
    python_variable="TASKHUB_PYTHON",
    python_default=sys.executable,
    remedy="install it (make up) or name an interpreter that has it in TASKHUB_PYTHON",
    workers=DRAMATIQ_WORKERS,
    result_keys="celery-task-meta-*",
    throughput_tasks=80_000,
    delay_calls=10_000,
    proof="from taskhub import Celery",
    distributions=("taskhub-core", "dramatiq", "redis", "hiredis"),
)
