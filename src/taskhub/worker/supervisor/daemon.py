"""Detaching a worker from its terminal, so that it goes on in the background."""

from __future__ import annotations

import os


def daemonize() -> bool:
    """Go on as a daemon.

    Returns:
        False in the process that was called, which is to end; True in the daemon.
    """
    if os.fork():
        return False
    os.setsid()
    if os.fork():
        # The first child must not become the leader of a session with a terminal again.
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    if null > 2:
        os.close(null)
    return True
