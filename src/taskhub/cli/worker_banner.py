"""Banner of `taskhub worker`: app, store, concurrency, queues and tasks."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from taskhub.humanize import counted
from taskhub.version import __version__


def worker_banner(
    nodename: str,
    app: str,
    processes: int,
    facts: Mapping[str, Any],
    *,
    lists_tasks: bool = True,
) -> str:
    """Return the banner, in the order of Celery's.

    Args:
        nodename: The worker's name.
        app: Where the app was found, e.g. "shop" or "shop.worker:app".
        processes: How many processes run.
        facts: What a process has reported, see `taskhub.cli.worker_process.facts`.
        lists_tasks: Whether each task is named, or only their number.
    """
    threads = int(facts["threads"])
    tasks: Sequence[str] = facts["task_names"]
    named = f" ({facts['app']})" if facts["app"] and facts["app"] != app else ""
    each = counted(threads, "thread")
    shape = f"{counted(processes, 'process', 'processes')} x {each}"
    lines = [
        "",
        f" {nodename} taskhub {__version__}",
        f" {platform.platform()}, Python {platform.python_version()}, process {os.getpid()}",
        "",
        "[config]",
        f"  app:         {app}{named}",
        f"  store:       {facts['store']} ({facts['server']})",
        f"  results:     {facts['results']}",
        f"  concurrency: {processes * threads} ({shape})",
        (
            "  task events: "
            f"{'ON' if facts['events'] else 'OFF (enable -E to monitor tasks in this worker)'}"
        ),
        "",
        "[queues]",
        *(f"  {name}" for name in facts["queues"]),
        "",
        f"[tasks] {len(tasks)}",
        *(f"  . {name}" for name in tasks if lists_tasks),
        "",
    ]
    return "\n".join(lines)
