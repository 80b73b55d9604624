"""Notifiers: lists of at most one token on which idle threads block."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from taskhub.engine.port.claims import Claim
from taskhub.engine.port.notifier import Notifier, ScheduleTopic, Topic
from taskhub.engine.redis.blocking_call import SERVER_WAIT, BlockingCall
from taskhub.engine.redis.connection_pool import ChannelPool
from taskhub.engine.redis.connector import Connector
from taskhub.engine.redis.push_connection import NOTHING
from taskhub.engine.redis.reception import Reception


def topic_name(topic: Topic) -> str:
    """Return what a topic is called in the name of its key; no queue's name has a line break."""
    if isinstance(topic, ScheduleTopic):
        return f"\nschedule:{topic.role}:{topic.app}"
    return topic


class RedisNotifier(Notifier):
    """Keeps one `BLPOP` under way.

    Args:
        connector: Opens the connection on which it waits.
        namespace: Begins all keys.
        topics: Queues, or changes for schedulers.
        channels: Returns the channels of this process.
        reception: Messages that are sent to a worker; None: none are.
    """

    def __init__(
        self,
        connector: Connector,
        namespace: str,
        topics: Sequence[Topic],
        channels: Callable[[], ChannelPool],
        reception: Reception | None = None,
    ) -> None:
        self._call = BlockingCall(connector, "notifier")
        self._keys = [f"{namespace}:notifier:{topic_name(topic)}" for topic in topics]
        self._command = ("BLPOP", *self._keys, SERVER_WAIT)
        self._channels = channels
        self._reception = reception
        self._queues = [topic for topic in topics if isinstance(topic, str)]

    def wait(self, timeout: float, *, listen: bool = True) -> bool:
        beside = None
        if self._reception is not None:
            if listen:
                self._reception.open(self._queues)
            beside = self._reception.line
        # After its time the server answers nil: an occasion to look, too, since a notifier may have
        # been lost.
        return self._call.wait(timeout, self._command if listen else None, beside) is not NOTHING

    def poll(self) -> bool:
        if self._call.is_under_way:
            return self._call.wait(0.0, None) not in (NOTHING, None)
        # Not repeated when its reply is lost: that would take another notification.
        return any(
            self._channels().call([("LPOP", key)], retry=None)[0] is not None for key in self._keys
        )

    @property
    def is_receiving(self) -> bool:
        return self._reception is not None and self._reception.is_open

    def receive(self) -> Sequence[Claim]:
        return () if self._reception is None else self._reception.receive()

    def stop_receiving(self) -> None:
        if self._reception is not None:
            self._reception.stop()

    def drop_received(self) -> None:
        if self._reception is not None:
            self._reception.drop()

    def interrupt(self) -> None:
        self._call.interrupt()

    def close(self) -> None:
        self._call.close()
        if self._reception is not None:
            self._reception.close()
