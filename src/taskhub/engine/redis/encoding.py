"""Commands as they travel to the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hiredis


def packed(commands: Sequence[Sequence[Any]]) -> bytes:
    """Return commands, to be sent in one write.

    Redis-py looks at each argument in Python first, for kinds that are not used here: a sixth of a
    exchange_loop's time.

    Args:
        commands: of text, bytes and numbers each.
    """
    return b"".join([hiredis.pack_command(tuple(command)) for command in commands])
