"""What is stored of a message: the envelope that the engine handles, and the text of its body.

The body of every message is a `dramatiq.Message` in JSON; the engine never opens it. What the
engine must know (queue, priority, when it is due) is written on the envelope.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from taskhub.exceptions import DecodeError
from taskhub.serialization.json import dumps, loads

#: The form of messages that this version reads. One without a field `format` has it; other forms
#: will name theirs.
FORMAT = 1

#: The priority of a message that names none: the middle, so that 1 is low and 9 is high.
DEFAULT_PRIORITY = 5
LOWEST_PRIORITY = 0
HIGHEST_PRIORITY = 9

#: The digit of a random UUID that encodes its variant, by the random digit in its place.
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


class Envelope(NamedTuple):
    """A message as the engine sees it.

    Two of the fields say when it is due: `delay` counts from the moment it is stored, by the
    server's clock; `eta` is a point in time. With neither, it is ready at once.
    """

    task_id: str
    queue: str
    #: 0 to 9, 9 first.
    priority: int
    #: The encoded message.
    body: bytes
    #: Milliseconds from now; 0: none.
    delay: int = 0
    #: Milliseconds since the epoch; None: none.
    eta: int | None = None
    #: Ids of the chain continuations that it refers to; kept until it is processed.
    chains: tuple[str, ...] = ()

    def record(self) -> bytes:
        """Return the form in which the store keeps this message."""
        head = f"{self.queue}\n{self.priority}\n{self.task_id}\n"
        return head.encode() + self.body

    def due(self) -> str:
        """Return when the message is due, as the scripts read it: "", "+<ms>" or "<ms>"."""
        if self.eta is not None:
            return str(self.eta)
        return f"+{self.delay}" if self.delay > 0 else ""


def envelope_from_record(record: bytes) -> Envelope:
    """Read back what `Envelope.record` wrote; when it was due is not part of a record.

    Raises:
        ValueError: the record is not of that form.
    """
    queue, priority, task_id, body = record.split(b"\n", 3)
    return Envelope(task_id.decode(), queue.decode(), int(priority), body)


def chains_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of the chain continuations that the options of a message refer to."""
    return tuple(chain_id for chain_id, *_ in options.get("chain_continuation") or ())


def clamp_priority(priority: int | None, default: int | None = None) -> int:
    """Return a priority between 0 and 9 for one that was asked for, or not.

    Values outside are brought to the nearest bound, as RabbitMQ does with `x-max-priority`.
    """
    if priority is None:
        priority = DEFAULT_PRIORITY if default is None else default
    return max(LOWEST_PRIORITY, min(HIGHEST_PRIORITY, int(priority)))


class PriorityOrder(NamedTuple):
    """Where the priorities of calls stand among the ten bands of the store, of which 9 is first."""

    #: The distinguished priorities where 0 is the first, as in Celery on Redis; empty: 9 is the
    #: first.
    steps: tuple[int, ...] = ()

    def band(self, priority: int | None) -> int:
        """Return the priority band of a call; without a priority the middle, or the first."""
        if not self.steps:
            return clamp_priority(priority)
        number = clamp_priority(priority, LOWEST_PRIORITY)
        below = (step for step in self.steps if step <= number)
        return HIGHEST_PRIORITY - max(below, default=min(self.steps))

    def number(self, band: int) -> int:
        """Return the priority that a band stands for."""
        return HIGHEST_PRIORITY - band if self.steps else band


#: 9 is first.
HIGHEST_FIRST: Final = PriorityOrder()


def new_task_id() -> str:
    """Return a random UUID (version 4) as text; `uuid.uuid4` takes several times as long."""
    digits = os.urandom(16).hex()
    variant = _VARIANT[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def encode_body(fields: dict[str, Any]) -> bytes:
    """Encode fields of a `dramatiq.Message` (its `asdict()`) as JSON with Celery's extended types.

    Raises:
        EncodeError: an argument cannot be serialized; the message names its place.
    """
    return dumps(fields, name="message").encode()


def decode_body(body: bytes) -> dict[str, Any]:
    """Decode what `encode_body` wrote.

    Raises:
        DecodeError: it is not JSON, not the fields of a message, or of a format that is not known
            here.
    """
    fields = loads(body)
    if isinstance(fields, dict) and fields.get("format", FORMAT) != FORMAT:
        raise DecodeError(
            f"the message has the unknown format {fields['format']!r}: workers must not be older "
            "than what calls them"
        )
    if not isinstance(fields, dict) or not {"actor_name", "args", "kwargs"} <= fields.keys():
        raise DecodeError("the body is not a message: it lacks actor_name, args or kwargs")
    return fields
