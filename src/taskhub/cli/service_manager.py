"""Reports to the service manager: systemd's `Type=notify` and its watchdog (`WatchdogSec`)."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping
from typing import Final

__all__ = ("ServiceManager", "watchdog_period")

logger = logging.getLogger(__name__)

_ADDRESS: Final = "NOTIFY_SOCKET"
_WATCHDOG: Final = "WATCHDOG_USEC"
_WATCHED_PROCESS: Final = "WATCHDOG_PID"


class ServiceManager:
    """The service manager that started this process; without one, reports go nowhere.

    Args:
        environment: Where it says how it is reached and how often it expects reports; None: that
            of this process.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        address = environment.get(_ADDRESS, "")
        # The first character of an abstract address is a NUL, which no variable can hold.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_period = watchdog_period(environment) if address else None
        self._next_alive = 0.0

    def report_ready(self) -> None:
        """Report that the service has started, so that what waits for it may start."""
        self._send("READY=1")

    def report_stopping(self) -> None:
        """Report that the service is stopping."""
        self._send("STOPPING=1")

    def report_alive(self) -> None:
        """Report that the loop of the service goes on; call it at each turn of the loop."""
        if self.watchdog_period is None:
            return
        now = time.monotonic()
        if now >= self._next_alive:
            self._next_alive = now + self.watchdog_period
            self._send("WATCHDOG=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
                # A service manager that hangs must not stop the service.
                connection.settimeout(1.0)
                connection.connect(self._address)
                connection.sendall(state.encode())
        except OSError as error:
            logger.warning("%s was not reported to the service manager: %s", state, error)


def watchdog_period(environment: Mapping[str, str]) -> float | None:
    """Return how often the service manager wants to hear from this process, seconds; None: never.

    It restarts a service that was silent for twice this time.
    """
    try:
        microseconds = int(environment[_WATCHDOG])
        process = int(environment.get(_WATCHED_PROCESS) or os.getpid())
    except (KeyError, ValueError):
        return None
    return microseconds / 2e6 if microseconds > 0 and process == os.getpid() else None
