"""Tallies: the short text that counts an outcome, and the fields that the store counts.

A tally has five lines: task, queue, what became of it, the bucket of its run, the bucket of its
wait; the last two may be empty. Its fields have three: task, queue, and "=<what>", "r<bucket>" or
"w<bucket>". That of a failure may have three more lines: the exception's class, its message, and
the task id; they are kept apart (see `failures`). The script of the Redis engine (`commit.lua`)
splits tallies in the same way.
"""

from __future__ import annotations

from typing import NamedTuple

from taskhub import states
from taskhub.statistics.buckets import bucket_of

#: How an execution is counted, by the state in which it ends.
ENDS = {
    states.SUCCESS: "done",
    states.FAILURE: "failed",
    states.RETRY: "retried",
    states.REVOKED: "revoked",
    states.IGNORED: "ignored",
    states.REJECTED: "requeued",
}


class Subject(NamedTuple):
    """What is counted apart."""

    task: str
    queue: str


def tally(
    task: str, queue: str, end: str, run: float | None = None, wait: float | None = None
) -> str:
    """Return the text of one outcome.

    Args:
        task: Its name.
        queue: Its queue.
        end: One of the values of `ENDS`.
        run: seconds that the task ran; None: it did not.
        wait: seconds from when the message was ready until the task began; None: unknown.
    """
    ran = "" if run is None else bucket_of(run)
    waited = "" if wait is None else bucket_of(wait)
    name = task.replace("\n", " ") if "\n" in task else task
    return f"{name}\n{queue}\n{end}\n{ran}\n{waited}"


def with_error(text: str, task_id: str, error: str) -> str:
    """Return the text of a failure with its error.

    Args:
        text: What `tally` returned.
        task_id: The task.
        error: Two lines, as in `Outcome.error`.
    """
    return f"{text}\n{error}\n{task_id}"


def fields_of(text: str) -> list[str]:
    """Return the fields in which a tally is counted."""
    task, queue, end, run, wait = text.split("\n", 5)[:5]
    subject = f"{task}\n{queue}"
    fields = [f"{subject}\n={end}"]
    if run:
        fields.append(f"{subject}\nr{run}")
    if wait:
        fields.append(f"{subject}\nw{wait}")
    return fields


def read_field(field: str) -> tuple[Subject, str, str]:
    """Return whom a field counts, its kind ("=", "r" or "w"), and the end or the bucket.

    Raises:
        ValueError: it is none of those.
    """
    task, queue, what = field.split("\n")
    return Subject(task, queue), what[:1], what[1:]
