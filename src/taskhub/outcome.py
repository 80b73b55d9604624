"""The ending of a task, as a value: all that is to be written when it ends, and nothing else."""

from __future__ import annotations

from typing import NamedTuple

from taskhub.message import Envelope


class Outcome(NamedTuple):
    """What one execution of a task leaves behind; written by the engine in one atomic, fenced step."""

    task_id: str
    #: The state it ends in, one of `taskhub.states` (RETRY when the message is published again).
    state: str
    #: The result document to store under the task's id (`serialization.encode_meta`); None: nothing is stored.
    document: str | None = None
    #: How long the document is kept, milliseconds; None: for ever.
    ttl: int | None = None
    #: The messages that follow: the retry, the next link, callbacks.
    publish: tuple[Envelope, ...] = ()
    #: Why the message becomes a dead letter, JSON text; None: it does not.
    dead: str | None = None
