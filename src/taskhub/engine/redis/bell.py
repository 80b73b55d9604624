"""The doorbell: an idle courier blocks on its queues' bells instead of polling them."""

from __future__ import annotations

from collections.abc import Sequence

from taskhub.engine.port import Bell
from taskhub.engine.redis.blocking import SERVER_WAIT, BlockingCall
from taskhub.engine.redis.connecting import Connector
from taskhub.engine.redis.line import NOTHING


class RedisBell(Bell):
    """Keeps one `BLPOP` under way."""

    def __init__(self, connector: Connector, namespace: str, queues: Sequence[str]) -> None:
        self._call = BlockingCall(connector, "bell")
        keys = [f"{namespace}:bell:{queue}" for queue in queues]
        self._command = ("BLPOP", *keys, SERVER_WAIT)

    def wait(self, timeout: float, *, listen: bool = True) -> bool:
        # After its time the server answers nil: an occasion to look, too, since a bell may have been lost.
        return self._call.wait(timeout, self._command if listen else None) is not NOTHING

    def wake(self) -> None:
        self._call.wake()

    def close(self) -> None:
        self._call.close()
