"""Celery 5.7: two prefork processes, defaults otherwise, no chatter between workers."""

from __future__ import annotations

from benchmarks.systems.system import REPOSITORY, System

CELERY = System(
    name="celery",
    title="Celery",
    program="celery_program",
    python_variable="TASKHUB_ORACLE_PYTHON",
    python_default=str(REPOSITORY / ".venv-oracle" / "bin" / "python"),
    remedy="make the environment (docs/benchmarks.md) or name one in TASKHUB_ORACLE_PYTHON",
    workers=(
        *("-m", "celery", "-A", "{program}", "worker", "-c", "2", "-P", "prefork", "-l", "warning"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ),
    result_keys="celery-task-meta-*",
    throughput_tasks=6_000,
    delay_calls=3_000,
    proof="from celery import Celery",
    distributions=("celery", "kombu", "redis", "hiredis"),
    quoted={
        "redelivery": "never by default; with acks_late, after the visibility timeout (3600 s)"
    },
)
