"""The tasks that the workers run. Each notes when its body begins and ends, in a file that no fault can reach."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

from taskhub import Celery
from taskhub.canvas import chain, group
from tests.chaos import workload
from tests.chaos.fleet import LARGEST
from tests.chaos.ledger import NOTES_VARIABLE, Note, write_note
from tests.chaos.model import value_of
from tests.chaos.workload import MEMORY_VARIABLE
from tests.support.refusals import REFUSALS_VARIABLE, install
from tests.support.workers import SETTINGS_VARIABLE

#: What a task takes at a time while it fills the memory, bytes.
BITE = 1 << 20

app = Celery("chaos", **json.loads(os.environ[SETTINGS_VARIABLE]))


def limit_memory(more: int) -> None:
    """Let this process take so many bytes more of address space, and then none."""
    import resource

    with open("/proc/self/statm", encoding="ascii") as sizes:
        taken = int(sizes.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + more, taken + more))


if MEMORY_VARIABLE in os.environ:
    limit_memory(int(os.environ[MEMORY_VARIABLE]))
if REFUSALS_VARIABLE in os.environ:
    install()


@app.task(name="step", bind=True, max_retries=None, throws=(ValueError, MemoryError))
def step(
    self: Any,
    *values: Any,
    label: str,
    act: str = workload.WORKS,
    retries: int = 0,
    seconds: float = 0.0,
) -> Any:
    claim = self.request._execution.delivery.claim
    note(self, "begin", label)
    time.sleep(seconds)
    note(self, "end", label)
    tries_again = self.request.retries < retries
    match act:
        case workload.DIES if claim.delivery == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        case workload.RUNS_OUT_OF_MEMORY:
            fill_memory(label)
        case workload.RETRIES if tries_again:
            raise self.retry(exc=ValueError(label), countdown=0.05 * self.request.retries)
        case workload.EXHAUSTS:
            raise self.retry(exc=ValueError(label), max_retries=retries, countdown=0)
        case workload.FAILS:
            raise ValueError(label)
        case workload.RETURNS_TOO_MUCH:
            return label + LARGEST * "x"
        case workload.REPLACED | workload.REPLACED_BY_CHAIN | workload.REPLACED_BY_GROUP:
            raise self.replace(replacement(act, label, values))
    return value_of(label, values)


def replacement(act: str, label: str, values: Any) -> Any:
    """Return what takes the place of a call."""
    first = step.s(*values, label=f"{label}/1")
    match act:
        case workload.REPLACED_BY_CHAIN:
            return chain(first, step.s(label=f"{label}/2"))
        case workload.REPLACED_BY_GROUP:
            return group(first, step.s(*values, label=f"{label}/2"))
    return first


def fill_memory(label: str) -> None:
    """Take memory until there is none, and say whose doing it was."""
    taken = []
    try:
        while True:
            taken.append(bytearray(BITE))
    except MemoryError:
        taken.clear()
        raise MemoryError(label) from None


@app.task(name="rescue", bind=True)
def rescue(self: Any, failed: str, *, label: str) -> str:
    note(self, "begin", label)
    note(self, "end", label)
    return value_of(label, ())


def note(task: Any, word: str, label: str) -> None:
    """Note what the body of a running task does."""
    request = task.request
    claim = request._execution.delivery.claim
    write_note(
        os.environ[NOTES_VARIABLE],
        Note(
            word,
            time.time(),
            os.getpid(),
            label,
            request.id,
            claim.key,
            request.retries,
            claim.delivery,
        ),
    )
