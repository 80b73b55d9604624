"""Claims as the database returns them."""

from __future__ import annotations

from typing import Final

from taskhub.engine.port.claims import Claim, GivenUp
from taskhub.engine.positions import ready_at

#: How messages are marked that are not run again.
MARKS: Final = {GivenUp.ACKNOWLEDGED_EARLY: "a", GivenUp.TIMED_OUT: "t"}
_GIVEN_UP: Final = {mark: reason for reason, mark in MARKS.items()}


def read_claim(
    key: str,
    token: str,
    queue: str,
    priority: int,
    body: bytes,
    *,
    claimed_at: int | None,
    revoked: bool,
) -> Claim:
    """Return the claim of a message.

    Args:
        key: The message's key: the task id, a line break and a number behind it or not.
        token: Delivery, mark and sequence.
        queue: Its queue.
        priority: Its priority.
        body: Its body.
        claimed_at: When it was claimed, ms; None: it was taken out to be revoked.
        revoked: Whether its task is revoked.
    """
    count, _, text = token.partition(":")
    given_up = None
    if not count.isdigit():
        count, given_up = count[:-1], _GIVEN_UP[count[-1]]
    sequence = int(text)
    task_id = key.partition("\n")[0]
    return Claim(
        *(key, token, task_id, queue, priority, body, revoked),
        *(int(count), sequence, ready_at(sequence), claimed_at, given_up),
    )
