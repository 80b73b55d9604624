"""Messages that are too many for one script call: staged in pages, unseen, and then published."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.redis.arguments import message_arguments
from taskhub.engine.redis.connection_pool import ChannelPool
from taskhub.message import Envelope

#: Messages per script call when many are enqueued: long enough to be fast, short enough not to hold
#: the server up.
PAGE: Final = 500
#: How long pages of messages wait for the next, ms: those of a caller that died are forgotten.
STAGED_FOR: Final = 60_000
#: What is said of them then (calls.lua).
EXPIRED: Final = "what was staged of these messages has expired"


def stage(
    pool: ChannelPool,
    namespace: str,
    now: str,
    envelopes: Sequence[Envelope],
    retry: RetryPolicy | None,
) -> tuple[str, int]:
    """Stage all pages of messages but the last; return under which name, and how many."""
    pages = max(0, len(envelopes) - 1) // PAGE
    if not pages:
        return "", 0
    staged = uuid.uuid4().hex
    for number in range(1, pages + 1):
        page = envelopes[(number - 1) * PAGE : number * PAGE]
        arguments = (now, staged, number, STAGED_FOR, *message_arguments(page))
        pool.run("stage", namespace, arguments, retry)
    return staged, pages
