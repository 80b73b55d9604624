"""The doorbell: an idle courier blocks on its queues' bells instead of polling them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from taskhub.engine.port import Bell
from taskhub.engine.redis.connecting import Connector
from taskhub.engine.redis.line import NOTHING, Line
from taskhub.exceptions import OperationalError

#: How long the server holds one wait, seconds. Short enough to notice soon that a connection is dead.
SERVER_WAIT = 2.0
#: How much later than promised a reply may come before the connection is taken for dead, seconds.
GRACE = 3.0


class RedisBell(Bell):
    """Keeps one `BLPOP` under way."""

    def __init__(self, connector: Connector, namespace: str, queues: Sequence[str]) -> None:
        self._line = Line(connector)
        keys = [f"{namespace}:bell:{queue}" for queue in queues]
        self._command = ("BLPOP", *keys, SERVER_WAIT)
        self._asked_at: float | None = None

    def wait(self, timeout: float, *, listen: bool = True) -> bool:
        if listen and self._asked_at is None:
            self._line.send(self._command)
            self._asked_at = time.monotonic()
        deadline = time.monotonic() + timeout
        try:
            reply = self._line.wait(max(0.0, deadline - time.monotonic()))
        except OperationalError:
            self._asked_at = None
            raise
        if reply is not NOTHING:
            # After its time the server answers nil: an occasion to look, too, since a bell may have been lost.
            self._asked_at = None
            return True
        if self._asked_at is not None and time.monotonic() - self._asked_at > SERVER_WAIT + GRACE:
            self._line.hang_up()
            self._asked_at = None
            raise OperationalError("the store stopped answering on the connection of the bell")
        return False

    def wake(self) -> None:
        self._line.wake()

    def close(self) -> None:
        self._line.close()
        self._asked_at = None
