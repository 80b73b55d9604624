"""Waiting until replicas hold what a request has written (`WAIT`)."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ("ReplicaWait",)

logger = logging.getLogger(__name__)

#: Seconds that a request waits by default; in the option `wait_timeout`.
_DEFAULT_TIMEOUT: Final = 1.0
#: It is logged again after this long that replicas do not follow, seconds.
_AGAIN_AFTER: Final = 60.0


class ReplicaWait:
    """The command that follows what is written, and what is made of its reply.

    Args:
        where: The store, without secrets.
        replicas: How many replicas must hold it.
        timeout: Seconds to wait for them.
    """

    def __init__(self, where: str, replicas: int, timeout: float) -> None:
        self.command: tuple[Any, ...] = ("WAIT", replicas, max(1, int(timeout * 1000)))
        self._where = where
        self._replicas = replicas
        self._logged_at: float | None = None

    @classmethod
    def of_options(
        cls, where: str, options: Mapping[str, Any], reply_timeout: float | None
    ) -> ReplicaWait | None:
        """Return what `wait_replicas` and `wait_timeout` ask for; None: not to wait.

        Args:
            where: The store, without secrets.
            options: The options of its URL and its transport options.
            reply_timeout: Seconds after which a connection without a reply is given up.
        """
        replicas = int(options.get("wait_replicas") or 0)
        timeout = float(options.get("wait_timeout") or _DEFAULT_TIMEOUT)
        if not replicas:
            return None
        return cls(where, replicas, min(timeout, (reply_timeout or timeout * 2) / 2))

    def follows(self, commands: Sequence[Sequence[Any]]) -> bool:
        """Whether commands may write: reads do not wait for replicas."""
        return any(command[0] in ("EVALSHA", "SET") for command in commands)

    def note(self, reply: Any) -> None:
        """Log that too few replicas hold what was written, unless it was logged lately."""
        if isinstance(reply, int) and reply >= self._replicas:
            return
        now = time.monotonic()
        if self._logged_at is not None and now - self._logged_at < _AGAIN_AFTER:
            return
        self._logged_at = now
        found = f"{reply} of {self._replicas}" if isinstance(reply, int) else f"none ({reply})"
        logger.error(
            "%s: of the replicas that wait_replicas asks for, %s confirmed in time, so a fail-over "
            "may lose what is written: look at the replicas, or set min-replicas-to-write on the "
            "server to have it refused",
            self._where,
            found,
        )
