"""Whether the server that runs the dashboard is to stop."""

from __future__ import annotations

import signal

__all__ = ("is_server_stopping",)


def is_server_stopping() -> bool:
    """Return whether uvicorn is to stop.

    It waits for all responses before it lets an application know, so that a stream would keep it
    from stopping. Its handler of signals is a method of the server, and says which one runs here,
    also where a host application has started it.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        server = getattr(signal.getsignal(number), "__self__", None)
        if getattr(server, "should_exit", False) is True:
            return True
    return False
