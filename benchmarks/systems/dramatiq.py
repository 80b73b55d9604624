"""Dramatiq 2.2: two processes with eight threads, the stock Redis broker, results stored."""

from __future__ import annotations

from benchmarks.systems.system import DRAMATIQ_WORKERS, REPOSITORY, System

DRAMATIQ = System(
    name="dramatiq",
    title="Dramatiq",
    program="dramatiq_program",
    python_variable="TASKHUB_ORACLE_PYTHON",
    python_default=str(REPOSITORY / ".venv-oracle" / "bin" / "python"),
    remedy="make the environment (docs/benchmarks.md) or name one in TASKHUB_ORACLE_PYTHON",
    workers=DRAMATIQ_WORKERS,
    result_keys="[0-9a-f]" * 32,
    throughput_tasks=24_000,
    delay_calls=8_000,
    proof="from dramatiq.brokers.redis import RedisBroker",
    distributions=("dramatiq", "redis", "hiredis"),
    quoted={"redelivery": "by chance: heartbeat_timeout (60 s), then 1 in 1,000 broker commands"},
)
