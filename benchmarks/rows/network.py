"""The throughput row again, with workers behind a proxy that adds 1 ms each way."""

from __future__ import annotations

import json
import sys

from benchmarks.bench import Bench
from benchmarks.errors import BenchmarkError
from benchmarks.processes import running
from benchmarks.rows.row import Metric, Row, Share
from benchmarks.rows.throughput import work_off
from benchmarks.systems.system import REPOSITORY, System

DELAY_MS = 1


def measure(bench: Bench, system: System) -> dict[str, float]:
    """Work off no-ops through the proxy; tells how much of a core the proxy took as well."""
    target = f"127.0.0.1:{bench.server.port}"
    command = [
        sys.executable,
        "-m",
        "benchmarks.proxy",
        "--target",
        target,
        "--delay-ms",
        str(DELAY_MS),
    ]
    with running("proxy", command, {"PYTHONPATH": str(REPOSITORY)}, answers=True) as proxy:
        url = f"redis://127.0.0.1:{proxy.line()}/0"
        rate = work_off(bench, system, bench.scaled(system.throughput_tasks), url)
        facts = json.loads(proxy.finish(timeout=10))
    if not facts["bytes"]:
        raise BenchmarkError(f"{system.name}: the workers did not use the proxy")
    return {"network": rate, "proxy_cpu": 100 * facts["cpu"]}


NETWORK = Row(
    name="network",
    metrics=(
        Metric(
            "network",
            f"no-op tasks processed, {DELAY_MS} ms each way",
            "tasks/s",
            higher_is_better=True,
        ),
        Metric(
            "proxy_cpu",
            "processor use of the proxy meanwhile",
            "% of a core",
            higher_is_better=False,
            compared=False,
        ),
    ),
    measure=measure,
    shares=(Share(f"rate kept at {DELAY_MS} ms each way", part="network", whole="throughput"),),
    needs=("throughput",),
)
