"""A process that sends canvases of generators: `caller.py KIND COUNT JOURNAL ends|WAIT`.

It prints how much memory it took at most, in MB beyond what it had when it began.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

from taskhub import chord, group
from taskhub.canvas import pages
from tests.integration.worker.program import app, note


def peak() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(kind: str, count: str, journal: str, end: str) -> None:
    """Send a canvas; unless it "ends", its generator stands still, and its wait is so many ms."""
    ends = end == "ends"
    if not ends:
        pages.WAIT, pages.RENEW_EVERY = int(end), int(end) / 3000  # type: ignore[misc]

    def calls() -> Iterator[Any]:
        for number in range(int(count)):
            yield app.signature("mark", (journal, number))
        note(journal, "made")
        while not ends:
            time.sleep(1)

    app.send_task("mark", (journal, "first"))
    before = peak()
    body = app.signature("celery.accumulate", kwargs={"index": 0}).set(task_id="body")
    body.link_error(app.signature("mark", (journal, "errback"), immutable=True))
    sent = (chord(calls(), body) if kind == "chord" else group(calls())).apply_async()
    print(f"{peak() - before:.1f}")  # noqa: T201
    header = sent if kind == "group" else sent.parent
    assert len(header) == int(count)


if __name__ == "__main__":
    main(*sys.argv[1:])
