"""Commands about the memory of a worker process."""

from __future__ import annotations

import gc
import logging
import tempfile
from importlib import import_module
from typing import Any

from taskhub.worker.control.panel import inspect_command
from taskhub.worker.control.state import WorkerState
from taskhub.worker.resident_memory import resident_memory

logger = logging.getLogger(__name__)

#: The samples of `memsample` since the last `memdump`, bytes; no more than this many.
_samples: list[int] = []
MOST_SAMPLES = 10_000


@inspect_command()
def memsample(state: WorkerState, **kwargs: Any) -> str:
    """Sample current RSS memory usage."""
    _samples.append(resident_memory())
    del _samples[:-MOST_SAMPLES]
    return human_bytes(_samples[-1])


@inspect_command(args=[("samples", int)], signature="[n_samples=10]")
def memdump(state: WorkerState, samples: int = 10, **kwargs: Any) -> str:
    """Dump statistics of previous memsample requests."""
    shown = _samples[:: max(1, len(_samples) // samples)][:samples] if samples > 0 else []
    _samples.clear()
    gc.collect()
    lines = (
        ["- rss (sample):", *(f"-    > {human_bytes(each)}," for each in shown)] if shown else []
    )
    return "\n".join([*lines, f"- rss (end): {human_bytes(resident_memory())}.", ""])


@inspect_command(
    default_timeout=60.0,
    args=[("type", str), ("num", int), ("max_depth", int)],
    signature="[object_type=Context] [num=200 [max_depth=10]]",
)
def objgraph(
    state: WorkerState, num: int = 200, max_depth: int = 10, type: str = "Context"
) -> dict[str, str]:
    """Create graph of uncollected objects (memory-leak debugging)."""
    try:
        graphs: Any = import_module("objgraph")
    except ImportError:
        raise ImportError("Requires the objgraph library") from None
    logger.info("Dumping graph for type %r", type)
    with tempfile.NamedTemporaryFile(prefix="cobjg", suffix=".png", delete=False) as file:
        objects = graphs.by_type(type)[:num]
        graphs.show_backrefs(
            objects,
            max_depth=max_depth,
            highlight=lambda found: any(found is each for each in objects),
            filename=file.name,
        )
        return {"filename": file.name}


def human_bytes(count: int) -> str:
    """Return an amount of memory as Celery writes it, e.g. "32.5MB"."""
    for power, unit in ((40, "TB"), (30, "GB"), (20, "MB"), (10, "KB")):
        if count >= 2**power:
            value = count / 2**power
            return f"{int(value)}{unit}" if value == int(value) else f"{value:.5}{unit}"
    return f"{count}b"
