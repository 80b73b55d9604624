"""Going on in the background."""

from __future__ import annotations

import os


def detach() -> bool:
    """Go on as a process without a terminal; returns False in the one that was called, which is to end."""
    if os.fork():
        return False
    os.setsid()
    if os.fork():
        # The first child must not become the leader of a session with a terminal again.
        os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    if nowhere > 2:
        os.close(nowhere)
    return True
