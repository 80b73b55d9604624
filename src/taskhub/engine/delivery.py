"""A claimed message on its way through Dramatiq's worker."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from dramatiq.broker import MessageProxy
from dramatiq.message import Message

from taskhub.engine.port import Claim
from taskhub.exceptions import DecodeError
from taskhub.message import decode_body
from taskhub.outcome import Outcome


class Delivery(MessageProxy):
    """Dramatiq's view of a claim; carries what the worker learns about it until its outcome is committed.

    The message's fields are plain attributes here: Dramatiq's own proxy looks each of them up through `__getattr__`.
    """

    #: What the worker keeps of the execution that is under way.
    execution: Any
    #: What becomes of the task; set when it has ended.
    outcome: Outcome | None
    #: When it was handed to this process (`time.perf_counter`).
    received: float
    #: Whose message it is, see `EngineBroker`; None: not known yet.
    kind: str | None
    #: Whether its ending was given to the courier on behalf of the thread that runs it: what that comes to is void.
    settled: bool
    #: How long the task's own code ran, seconds; set when it has ended.
    runtime: float

    def __init__(self, claim: Claim) -> None:
        """Open a claim's message.

        Raises:
          DecodeError: its body is not a message.
        """
        fields = decode_body(claim.body)
        options = fields.get("options") or {}
        if not (
            isinstance(fields["actor_name"], str)
            and isinstance(fields["args"], list | tuple)
            and isinstance(fields["kwargs"], dict)
            and isinstance(options, dict)
        ):
            raise DecodeError("the body is not a message: a field of it is of another type")
        self.claim = claim
        self.failed = False
        self._exception = None
        self.execution = None
        self.outcome = None
        self.kind = None
        self.settled = False
        self.runtime = 0.0
        self.received = perf_counter()
        self.message_id = claim.task_id
        self.queue_name = claim.queue
        self.actor_name = fields["actor_name"]
        self.args = tuple(fields["args"])
        self.kwargs = fields["kwargs"]
        self.options = options
        self.message_timestamp = fields.get("message_timestamp") or 0

    @property
    def _message(self) -> Message[Any]:  # type: ignore[override]
        return Message(
            queue_name=self.queue_name,
            actor_name=self.actor_name,
            args=self.args,
            kwargs=self.kwargs,
            options=self.options,
            message_id=self.message_id,
            message_timestamp=self.message_timestamp,
        )


def check_size(claim: Claim, largest: int) -> None:
    """Check that the message of a claim is small enough to be opened.

    Parameters:
      largest: bytes; 0: there is no limit.

    Raises:
      DecodeError: it is not.
    """
    if len(claim.body) > largest > 0:
        raise DecodeError(
            f"the message has {len(claim.body):,} bytes, more than the {largest:,} of task_max_message_size: "
            "keep elsewhere what is large, and pass its place"
        )
