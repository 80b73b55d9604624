"""What tasks failed with: how often each kind of error came, and the last example of it.

The engine keeps them by the minute beside the counts, in the same commit: of each minute and each
class of exception its count and one message, and no more than `MOST` classes, so that a flood of
failures takes no more room than a few.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from taskhub.statistics.tally import Subject

#: So many kinds of failures are kept of one minute.
MOST = 100
#: Messages are cut to so many characters.
LONGEST = 300


class Failure(NamedTuple):
    """One kind of failure of one task."""

    #: The exception's class.
    kind: str
    times: int
    #: The last message, one line.
    message: str
    #: The task id that it comes from.
    task_id: str


def describe_error(error: BaseException) -> str:
    """Return class and message of an exception, each on a line."""
    try:
        message = " ".join(str(error).split())
    except Exception:
        # Exceptions are of users' making, and so is their text.
        message = ""
    if len(message) > LONGEST:
        message = f"{message[: LONGEST - 3]}..."
    # The store takes texts that can be encoded.
    encodable = message.encode("utf-8", "replace").decode()
    return f"{type(error).__name__}\n{encodable}"


def failure_of(text: str) -> tuple[str, str] | None:
    """Return the field that counts a tally's failure, and its example; None: there is none.

    The example is kept under the same field and a line break: message and task id, each on a line.
    """
    lines = text.split("\n", 5)
    if len(lines) < 6:
        return None
    kind, example = lines[5].split("\n", 1)
    return f"{lines[0]}\n{lines[1]}\n{kind}", example


def failures(minutes: Iterable[Mapping[str, str]]) -> dict[Subject, list[Failure]]:
    """Add up the failures of several minutes by task and queue, most frequent first."""
    found: defaultdict[Subject, dict[str, Failure]] = defaultdict(dict)
    for minute in minutes:
        for field, value in minute.items():
            task, queue, kind, *more = field.split("\n")
            if more:
                continue
            message, _, task_id = minute.get(f"{field}\n", "").partition("\n")
            of_task = found[Subject(task, queue)]
            before = of_task[kind].times if kind in of_task else 0
            of_task[kind] = Failure(kind, before + int(value), message, task_id)
    return {
        subject: sorted(kinds.values(), key=lambda failure: (-failure.times, failure.kind))
        for subject, kinds in found.items()
    }
