"""Reads claims, as the scripts return them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taskhub.engine.port.claims import Claim, ClaimBatch, GivenUp, Suspects
from taskhub.engine.positions import ready_at
from taskhub.engine.redis.scores import sequence_of
from taskhub.engine.suspects import first_suspected
from taskhub.message import DEFAULT_PRIORITY

#: How the scripts mark messages that are not run again.
MARKS = {GivenUp.ACKNOWLEDGED_EARLY: "a", GivenUp.TIMED_OUT: "t"}
_GIVEN_UP = {mark: reason for reason, mark in MARKS.items()}


def read_batch(reply: list[Any]) -> ClaimBatch:
    """Read the reply of `claim.lua`."""
    now, soonest = reply[0], reply[1]
    next_due = None if soonest == b"" else max(0, int(float(soonest)) - now)
    trouble = reply[2].decode(errors="replace")
    return ClaimBatch(read_claims(reply, 4, now), next_due, trouble, reply[3] > 0)


def suspected_arguments(suspects: Suspects, max_deliveries: int) -> tuple[str, int, int]:
    """Return the arguments of `claim.lua` about suspects: which it gives, and what they are."""
    which = "" if suspects == "all" else suspects
    return which, first_suspected(max_deliveries) - 1, max_deliveries


def read_keys(reply: Sequence[bytes]) -> list[str]:
    """Read keys; one that is not UTF-8 keeps its bytes, escaped (`arguments.wire_key`)."""
    return [key.decode(errors="surrogateescape") for key in reply]


def read_claims(reply: list[bytes], start: int, now: int | None) -> list[Claim]:
    """Read groups of key, token, revoked, record.

    Args:
        reply: The reply of a script.
        start: Where they begin in it.
        now: When they were claimed, ms.
    """
    return [
        _claim(
            reply[index], reply[index + 1].decode(), reply[index + 2] == b"1", reply[index + 3], now
        )
        for index in range(start, len(reply), 4)
    ]


def read_dispatched(published: bytes) -> Claim:
    """Read a claim that `dispatch.lua` has published: token, when it was claimed, record."""
    token, now, record = published.split(b"\n", 2)
    key = record.split(b"\n", 3)[2]
    return _claim(key, token.decode(), revoked=False, record=record, now=int(now))


def _claim(key: bytes, token: str, revoked: bool, record: bytes, now: int | None) -> Claim:
    count, _, score = token.partition(":")
    given_up = None
    if not count.isdigit():
        count, given_up = count[:-1], _GIVEN_UP[count[-1]]
    sequence = sequence_of(score)
    position = (int(count), sequence, ready_at(sequence), now, given_up)
    try:
        queue, priority, task_id, body = record.split(b"\n", 3)
        return Claim(
            key.decode(),
            token,
            task_id.decode(),
            queue.decode(),
            int(priority),
            body,
            revoked,
            *position,
        )
    except ValueError:
        # Written by something else: it must be handed on, so that it can be ended and is in
        # nobody's way. Its body is what no message is.
        shown = key.decode(errors="backslashreplace")
        held = key.decode(errors="surrogateescape")
        return Claim(held, token, shown, "", DEFAULT_PRIORITY, b"", revoked, *position)
