"""A delivery: a claimed message in Dramatiq's worker, with what is known of its execution."""

from __future__ import annotations

from base64 import b64decode, b64encode
from time import perf_counter
from typing import Any, Protocol

from dramatiq.broker import MessageProxy
from dramatiq.encoder import JSONEncoder
from dramatiq.message import Message, get_encoder

from taskhub.engine.port.claims import Claim
from taskhub.exceptions import DecodeError
from taskhub.message import decode_body
from taskhub.outcome import Outcome


class Claimer(Protocol):
    """The exchange loop that has claimed a message, as far as its execution uses it."""

    @property
    def worker(self) -> str:
        """The name under which the process holds claims."""
        ...

    def note_start(self) -> None:
        """Note that a thread has begun to run a message."""
        ...

    def complete(self, delivery: Delivery, outcome: Outcome, runtime: float | None) -> None:
        """Commit the outcome of a message soon."""
        ...

    def holds(self, claim: Claim) -> bool:
        """Whether the process holds a claim."""
        ...

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        ...


class Delivery(MessageProxy):
    """Dramatiq's proxy of a claimed message; holds its outcome until that is committed.

    The message's fields are plain attributes here: Dramatiq's own proxy looks each of them up
    through `__getattr__`.
    """

    #: The request of the execution; None: it has not begun.
    execution: Any
    #: The outcome of the task; None: it has not ended.
    outcome: Outcome | None
    #: When it was handed to this process (`time.perf_counter`).
    received: float
    #: The exchange loop that has claimed it; None: it was not claimed for a worker.
    exchange_loop: Claimer | None
    #: Its kind, see `MiddlewareBroker._kind_of`; None: not known yet.
    kind: str | None
    #: Whether its outcome was given to the exchange loop on behalf of the thread that runs it: that
    #: of the thread is void.
    settled: bool
    #: How long the task's own code ran, seconds; set when it has ended.
    runtime: float
    #: The runs of instruments (`taskhub.instrumentation`); None: there are none.
    runs: Any = None

    def __init__(self, claim: Claim) -> None:
        """Open a claim's message.

        Raises:
            DecodeError: Its body is not a message.
        """
        fields = decode_body(claim.body)
        if _ENCODED in fields:
            fields = decode_native(fields)
        options = fields.get("options") or {}
        if not (
            isinstance(fields["actor_name"], str)
            and isinstance(fields["args"], list | tuple)
            and isinstance(fields["kwargs"], dict)
            and isinstance(options, dict)
        ):
            raise DecodeError("the body is not a message: a field of it is of another type")
        if "chord_results" in options or "chain_continuation" in options:
            _check_options(options)
        self.claim = claim
        self.failed = False
        self._exception = None
        self.execution = None
        self.outcome = None
        self.exchange_loop = None
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

    def as_sent(self) -> Message[Any]:
        """Return the message with its present options and its original arguments.

        They differ where the message refers to arguments stored elsewhere, e.g. the values of a
        chord's header.
        """
        message = self._message
        if "chord_results" not in self.options and "content" not in self.options:
            return message
        fields = decode_native(decode_body(self.claim.body))
        return message.copy(args=tuple(fields["args"]), kwargs=fields["kwargs"])


#: In the body of a message: what the encoder of `dramatiq.set_encoder` has made of it.
_ENCODED = "encoded"


def encode_native(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a native actor's message for its body, encoded by a chosen encoder.

    Args:
        fields: The `asdict()` of the message, with options of ours; with Dramatiq's JSON encoder
            they stay as they are.
    """
    encoder = get_encoder()
    if type(encoder) is JSONEncoder:
        return fields
    text = b64encode(encoder.encode(fields)).decode()
    return {**fields, "args": (), "kwargs": {}, "options": {}, _ENCODED: text}


def decode_native(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields for which `encode_native` returned these.

    Raises:
        DecodeError: The encoder of this process cannot read them.
    """
    text = fields.get(_ENCODED)
    if text is None:
        return fields
    encoder = get_encoder()
    try:
        found: dict[str, Any] = {**fields, **encoder.decode(b64decode(text))}
    except Exception as error:
        raise DecodeError(
            f"{type(encoder).__name__} cannot read the message: {error}: call dramatiq.set_encoder "
            "alike where messages are sent and where they are run"
        ) from error
    return found


def _check_options(options: dict[str, Any]) -> None:
    """Check the options that refer to stored data of a message: its outcome names them again.

    Raises:
        DecodeError: One of them is of another form.
    """
    chord_id, continuation = options.get("chord_results"), options.get("chain_continuation")
    if chord_id is not None and not isinstance(chord_id, str):
        raise DecodeError("the body is not a message: its option chord_results names no chord")
    if continuation is None or continuation == []:
        return
    if not isinstance(continuation, list | tuple) or not all(
        _names_chain(entry) for entry in continuation
    ):
        raise DecodeError(
            "the body is not a message: its option chain_continuation names no stored chains"
        )


def _names_chain(entry: Any) -> bool:
    return isinstance(entry, list | tuple) and bool(entry) and isinstance(entry[0], str)


def check_size(claim: Claim, largest: int) -> None:
    """Check that the message of a claim is small enough to be opened.

    Args:
        claim: The claim.
        largest: Bytes; 0: there is no limit.

    Raises:
        DecodeError: It is not.
    """
    if len(claim.body) > largest > 0:
        raise DecodeError(
            f"the message has {len(claim.body):,} bytes, more than the {largest:,} of "
            "task_max_message_size: keep elsewhere what is large, and pass its place"
        )
